import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { DomainEvent, TaskKind } from '#domain';
import { type KubeClient, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { agentObject, applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENTS } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import { finished } from '../store/store.int-kit.ts';
import { IssueController } from './controller.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const reviewer = { id: 99, login: 'review-e', kind: 'user' } as const;
let rig: TestConductor;
let issues: IssueController;
let numbers = 1_000;

before(async () => {
  rig = await testConductor(fileLife, { client: new FakeClient(realClock) as unknown as KubeClient });
  rig.manager.start();
  await applyTenant(rig);
  for (const [name, role] of [
    ['dev-e', 'developer'],
    ['review-e', 'reviewer'],
  ] as const) {
    await rig.client.delete(AGENTS, { namespace: rig.namespace, name });
    await rig.client.create(AGENTS, agentObject(rig.namespace, name, role, { concurrency: 1 }));
  }
  await repositoryReady(rig);
  await agentsReady(rig);
  issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await issues.controller.start();
  fileLife.after(() => issues.controller.stop({ graceMs: 1_000 }));
});

async function subjectOf(name: string): Promise<SubjectName> {
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE name = $1', [name]);
  return rows[0];
}

const stateOf = async (name: string) => rig.conductor.log.load(await subjectOf(name));
const statusOf = (name: string) => rig.conductor.objects.issues.get(rig.namespace, name)?.status;
const apply = (name: string) => applyIssue(rig, name, { number: numbers++ });

/** Resolves when no issue is being looked at, and none is about to be: from then on only what is told leads to a look. */
const quiet = () =>
  until('nothing is looked at', async () => {
    await issues.idle();
    const { ready, processing } = issues.controller.depth();
    return ready + processing === 0;
  });

/** Names of the issues that have a live task of this kind. */
async function running(kind: TaskKind): Promise<string[]> {
  const { rows } = await rig.db.pool.query(
    'SELECT s.name FROM tasks t JOIN subjects s ON s.id = t.subject WHERE t.ended_at IS NULL AND t.kind = $1',
    [kind],
  );
  return rows.map(({ name }) => name);
}

/** The implement task of an issue opens a pull request and ends; `after` is what the log says of the head besides. */
async function implemented(name: string, after: (headSHA: string) => DomainEvent[] = () => []): Promise<void> {
  await until(`${name} is at work`, async () => (await running('implement')).includes(name));
  const branch = (await stateOf(name)).work!.branch;
  const headSHA = await rig.world.branch(branch, `${name}\n`);
  const { number, html_url: url } = await rig.world.pull(branch);
  await rig.conductor.log.append(await subjectOf(name), CAUSE, ({ task }) => [
    { type: 'PR_CREATED', data: { number, url, headSHA, branch } },
    ...after(headSHA),
    finished(task.work!),
  ]);
}

async function ends(name: string, lane: 'work' | 'review'): Promise<void> {
  await rig.conductor.log.append(await subjectOf(name), CAUSE, ({ task }) => [finished(task[lane]!)]);
}

test('a rework is given the first place that becomes free, though others are queued for it', async () => {
  await apply('disputed');
  await until('it is at work', async () => (await running('implement')).includes('disputed'));
  for (const name of ['first', 'second', 'third']) {
    await apply(name);
    await until(`${name} is queued`, () => statusOf(name)?.phase === 'Queued');
  }
  const dispute = (headSHA: string): DomainEvent => ({
    type: 'REVIEW_DISPUTED',
    data: { headSHA, by: reviewer, review: 1, threads: 1 },
  });
  await implemented('disputed', (headSHA) => [dispute(headSHA)]);
  await until('the place is taken', async () => (await running('implement')).includes('first'));
  await until('the rework waits', () => /asks for changes/.test(statusOf('disputed')?.why ?? ''));
  await quiet();
  await ends('first', 'work');
  await until('the rework runs', async () => (await running('rework')).includes('disputed'));
  assert.deepEqual(await running('implement'), []);
});

test('of two heads that wait for one reviewer the second is reviewed as soon as the first has been', async () => {
  await ends('disputed', 'work');
  await until('its review runs', async () => (await running('review')).includes('disputed'));
  await implemented('second');
  await until('the other waits', () => statusOf('second')?.why === 'Every reviewer is busy.');
  await quiet();
  await ends('disputed', 'review');
  await until('the place is taken again', async () => (await running('review')).length === 1);
  assert.deepEqual(await running('review'), ['second']);
});
