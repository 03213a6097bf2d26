import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Issue } from '#crds';
import type { DomainEvent } from '#domain';
import { silentLogger } from '#lib/observe';
import { clusterLife } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { kstatusOf } from '../../test/kit/kstatus.ts';
import { agentsReady, clusterConductor, StatusWatch, tenantNamespace } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENT_TASKS, ISSUES } from '../objects.ts';
import { IssueController } from './controller.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
let rig: TestConductor;
let watch: StatusWatch<Issue>;

before(async () => {
  rig = await clusterConductor();
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
  const issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  clusterLife.after(() => issues.controller.stop({ graceMs: 100 }));
  await issues.controller.start();
  watch = new StatusWatch(rig, ISSUES) as StatusWatch<Issue>;
});

/** Appends to an Issue's log what would take an agent, a forge and an hour. */
async function tell(name: string, event: DomainEvent): Promise<void> {
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE name = $1', [name]);
  await rig.conductor.log.append(rows[0], CAUSE, () => [event]);
}
const done = (name: string) => tell(name, { type: 'ISSUE_DONE', data: { message: 'It is live.' } });

async function types(name: string): Promise<string[]> {
  const { rows } = await rig.db.pool.query(
    'SELECT type FROM events JOIN subjects s ON s.id = stream WHERE s.namespace = $1 AND s.name = $2 ORDER BY version',
    [rig.namespace, name],
  );
  return rows.map(({ type }) => type);
}

const child = (name: string, parent: string) => applyIssue(rig, name, { parentRef: { name: parent } });
const why = (pattern: RegExp) => (issue: Issue) => pattern.test(issue.status?.why ?? '');
const phase = (wanted: string) => (issue: Issue) => issue.status?.phase === wanted;

test('a parent is filed, is given to no agent, finishes with the last of its children, and is closed at the forge', async () => {
  // Held back, so that its children are there before anything is decided about it.
  await applyIssue(rig, 'epic', { suspend: true });
  await child('epic-a', 'epic');
  await child('epic-b', 'epic');
  await rig.client.patch(ISSUES, { namespace: rig.namespace, name: 'epic' }, { spec: { suspend: false } });
  const waiting = await watch.until('ChildrenOpen', 'epic', why(/^0 of 2 children are Done; it waits for epic-a/));
  assert.deepEqual([waiting.status?.phase, await kstatusOf(waiting)], ['Implementing', ['InProgress']]);
  await done('epic-a');
  await watch.until('one child', 'epic', why(/^1 of 2 children are Done; it waits for epic-b/));
  await done('epic-b');
  const finished = await watch.until('Done', 'epic', phase('Done'));
  assert.equal(finished.status?.why, 'All 2 children are Done.');
  assert.deepEqual(
    (await types('epic')).filter((type) => !type.startsWith('ISSUE_EDITED')),
    ['ISSUE_FILED', 'EPIC_PLANNED', 'MILESTONE_COMPLETE', 'ISSUE_DONE'],
  );
  const number = finished.status!.number!;
  await until('the forge shows it closed', async () => {
    const { body } = await rig.world.rest('boss', `GET /repos/acme/widgets/issues/${number}`);
    return body.state === 'closed';
  });
  const tasks = (await rig.client.list(AGENT_TASKS, { namespace: rig.namespace })).items;
  assert.deepEqual(
    tasks.filter(({ spec }) => spec.subject.issueRef?.name === 'epic'),
    [],
  );
});

test('an Issue that gets its first child at work ends its task; the child that is deleted is named to a person', async () => {
  await applyIssue(rig, 'late');
  await watch.until('Implementing', 'late', phase('Implementing'));
  await child('late-a', 'late');
  await watch.until('ChildrenOpen', 'late', why(/it waits for late-a/));
  const story = await types('late');
  assert.deepEqual(story.slice(story.indexOf('TASK_DISPATCHED') + 1), [
    'EPIC_PLANNED',
    'TASK_CANCELLED',
    'ISSUE_UNASSIGNED',
  ]);
  await rig.client.delete(ISSUES, { namespace: rig.namespace, name: 'late-a' });
  const asked = await watch.until('AwaitingHuman', 'late', phase('AwaitingHuman'));
  assert.match(asked.status!.why!, /^The issue finishes with its children, but late-a was deleted\./);
});

test('a child in another namespace is refused: the parent does not know it, and its own status says that there is no such parent', async () => {
  await applyIssue(rig, 'here');
  const namespace = await tenantNamespace(rig.client);
  const far = { ...rig, namespace };
  await applyTenant(far);
  await repositoryReady(far);
  await agentsReady(far);
  const strays = new StatusWatch(far, ISSUES) as StatusWatch<Issue>;
  await applyIssue(far, 'stray', { parentRef: { name: 'here' } });
  const stray = await strays.until('ParentMissing', 'stray', why(/names here, which is no Issue of this namespace/));
  assert.equal(stray.status?.phase, 'Queued');
  await watch.until('Implementing', 'here', phase('Implementing'));
  assert.equal((await types('here')).includes('EPIC_PLANNED'), false);
});
