import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Issue } from '#crds';
import { type Command, callerOf, decideCommand, type IssueState } from '#domain';
import { JOBS, type KubeClient, type KubeObject } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { clusterLife } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady, clusterConductor, StatusWatch } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENTS, ISSUES } from '../objects.ts';
import type { SubjectName } from '../store/project.ts';
import { findTask } from '../store/tasks.ts';
import { TaskController } from '../tasks/controller.ts';
import { IssueController } from './controller.ts';

const CAUSE = { actor: { kind: 'webhook', name: 'ada' } } as const;
const ada = { id: 1, login: 'ada', kind: 'user' } as const;
const settings = {
  conductorUrl: 'http://127.0.0.1:1',
  proxyUrl: 'http://127.0.0.1:2',
  egressUrl: 'http://127.0.0.1:3',
};
let rig: TestConductor;
let watch: StatusWatch<Issue>;
/** Jobs that were deleted, each with whether its task had ended by then. */
const deleted = new Map<string, boolean>();
let numbers = 500;

before(async () => {
  const first = await clusterConductor();
  rig = await testConductor(clusterLife, {
    after: first,
    client: noting(first.client),
    policy: { retryBackoff: 40 },
  });
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await rig.client.patch(
    AGENTS,
    { namespace: rig.namespace, name: 'dev-e' },
    { spec: { concurrency: 1, attempts: 2 } },
  );
  await agentsReady(rig);
  const issues = new IssueController(rig.conductor, silentLogger);
  const tasks = new TaskController(rig.conductor, settings, silentLogger);
  rig.grown.add((subject, growth) => {
    issues.grew(subject, growth);
    for (const { metadata } of rig.conductor.objects.tasks.list(subject.namespace))
      tasks.poke(subject.namespace, metadata.name!);
  });
  for (const { controller } of [issues, tasks]) {
    clusterLife.after(() => controller.stop({ graceMs: 100 }));
    await controller.start();
  }
  watch = new StatusWatch(rig, ISSUES) as StatusWatch<Issue>;
});

/** The client, which notes of each Job that it deletes how its task stands in that moment. */
function noting(client: KubeClient): KubeClient {
  return new Proxy(client, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'delete') return value.bind(target);
      return async (resource: { kind: string }, ref: { namespace: string; name: string }, ...rest: unknown[]) => {
        if (resource.kind === 'Job')
          deleted.set(ref.name, (await findTask(rig.db.pool, ref.namespace, ref.name))?.endedAt != null);
        return value.call(target, resource, ref, ...rest);
      };
    },
  });
}

async function subjectOf(name: string): Promise<SubjectName> {
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE name = $1', [name]);
  return rows[0];
}
const stateOf = async (name: string): Promise<IssueState> => rig.conductor.log.load(await subjectOf(name));

async function command(name: string, given: Command): Promise<void> {
  await rig.conductor.log.append(await subjectOf(name), CAUSE, (state) => {
    const decision = decideCommand(state, { command: given, by: ada, comment: null });
    assert.ok(decision.accepted, decision.message);
    return decision.events;
  });
}

const apply = (name: string, change: Partial<Issue['spec']> = {}) =>
  applyIssue(rig, name, { number: numbers++, ...change });
const edit = (name: string, spec: Partial<Issue['spec']>) =>
  rig.client.patch(ISSUES, { namespace: rig.namespace, name }, { spec });
const phase = (wanted: string) => (issue: Issue) => issue.status?.phase === wanted;
const attempt = (n: number) => (issue: Issue) => issue.status?.attempts === n && issue.status.phase === 'Implementing';
const job = (name: string) => rig.client.find<KubeObject>(JOBS, { namespace: rig.namespace, name });
const over = (name: string) => command(name, { do: 'cancel' });

test('an edit in mid-flight: the fence is dead before the Job is deleted, and the next attempt works from the new text on a branch of its own', async () => {
  await apply('edited');
  await watch.until('attempt 1', 'edited', attempt(1));
  const old = (await stateOf('edited')).task.work!;
  await until('its Job', () => job(old.name));
  await edit('edited', { body: 'Mend it otherwise.' });
  await watch.until('attempt 2', 'edited', attempt(2));
  const state = await stateOf('edited');
  assert.equal(callerOf(state, { task: old.name, fence: old.fence }), null);
  assert.deepEqual([state.work?.branch, state.spec?.body, state.failures], ['rig/edited/2', 'Mend it otherwise.', 0]);
  await until('its Job is gone', async () => (await job(old.name)) === undefined);
  assert.equal(deleted.get(old.name), true);
  await over('edited');
});

for (const [name, stop, go] of [
  ['suspended', () => edit('suspended', { suspend: true }), () => edit('suspended', { suspend: false })],
  ['held', () => command('held', { do: 'hold', on: true }), () => command('held', { do: 'hold', on: false })],
] as const) {
  test(`an Issue that is ${name} gives its place to the next, and goes on when it may`, async () => {
    await apply(name);
    await watch.until('attempt 1', name, attempt(1));
    const { name: task } = (await stateOf(name)).task.work!;
    await apply(`next-to-${name}`);
    await watch.until('it waits', `next-to-${name}`, phase('Queued'));
    await stop();
    await watch.until('its turn', `next-to-${name}`, attempt(1));
    await until('the Job is gone', async () => (await job(task)) === undefined);
    await over(`next-to-${name}`);
    await go();
    await watch.until('attempt 2', name, attempt(2));
    await over(name);
  });
}

test('of the Issues that wait the one whose priority is raised goes first', async () => {
  await apply('holds-the-place');
  await watch.until('attempt 1', 'holds-the-place', attempt(1));
  await apply('older');
  await watch.until('it waits', 'older', phase('Queued'));
  await apply('newer', { priority: 'low' });
  await watch.until('it waits', 'newer', phase('Queued'));
  await edit('newer', { priority: 'critical' });
  await until('the queue knows', async () => {
    const { rows } = await rig.db.pool.query('SELECT issue FROM queue ORDER BY priority, filed_at');
    return rows[0]?.issue === 'newer' && rows.length === 2;
  });
  await over('holds-the-place');
  await watch.until('its turn', 'newer', attempt(1));
  assert.equal((await stateOf('older')).work, null);
  await over('newer');
  await watch.until('its turn', 'older', attempt(1));
  await over('older');
});

test('an Issue whose attempts are used up says why, and /rig retry takes it up with all of them, counted on', async () => {
  await apply('fails');
  for (const n of [1, 2]) {
    await until(`attempt ${n}`, async () => (await stateOf('fails')).work?.attempt === n);
    const { task } = await stateOf('fails');
    const { name, kind, fence } = task.work!;
    const tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    const said = { result: 'failed', reason: 'TestsFailed', message: 'Two tests fail.', tokens } as const;
    await rig.conductor.log.append(await subjectOf('fails'), CAUSE, () => [
      { type: 'TASK_FINISHED', data: { task: name, kind, fence, ...said } },
    ]);
  }
  const failed = await watch.until('Failed', 'fails', phase('Failed'));
  assert.match(failed.status!.why!, /^All 2 attempts are used up; the last one ended with TestsFailed/);
  await command('fails', { do: 'retry' });
  await watch.until('attempt 3', 'fails', attempt(3));
  await over('fails');
});
