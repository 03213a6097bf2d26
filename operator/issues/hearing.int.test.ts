import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type KubeClient, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { agentObject, applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENTS } from '../objects.ts';
import { finished } from '../store/store.int-kit.ts';
import { bindPod } from '../store/tasks.ts';
import { IssueController } from './controller.ts';
import { Hearing } from './hearing.ts';

const CAUSE = { actor: { kind: 'task', name: 'test' } } as const;

/** Two replicas over one database: the second leads, with one developer that works on one issue at a time. */
async function twoReplicas(t: TestContext) {
  const over = new AbortController();
  const ends: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    over.abort();
    for (const end of ends) await end();
  });
  const other = await testConductor(fileLife, { client: new FakeClient(realClock) as unknown as KubeClient });
  const leader = await testConductor(fileLife, { after: other });
  leader.manager.start();
  await applyTenant(leader);
  await leader.client.delete(AGENTS, { namespace: leader.namespace, name: 'dev-e' });
  await leader.client.create(AGENTS, agentObject(leader.namespace, 'dev-e', 'developer', { concurrency: 1 }));
  await repositoryReady(leader);
  await agentsReady(leader);
  const issues = new IssueController(leader.conductor, silentLogger);
  const heard: string[] = [];
  const told: string[] = [];
  const started: string[] = [];
  const hearing = new Hearing({
    pool: leader.db.pool,
    store: leader.store,
    url: leader.db.url,
    onAppended: (subject, freed) => {
      heard.push(subject.name);
      issues.poke(subject);
      told.push(...freed);
      issues.freed(freed);
    },
    onStarted: ({ name }) => started.push(name),
    logger: silentLogger,
  });
  leader.grown.add((subject, { events }) => hearing.own(subject, events));
  leader.grown.add((subject, growth) => issues.grew(subject, growth));
  await hearing.start(over.signal);
  await issues.controller.start();
  ends.push(
    () => issues.controller.stop({ graceMs: 1_000 }),
    () => hearing.close(),
    () => issues.idle(),
  );
  const deaf = new Hearing({
    pool: other.db.pool,
    store: other.store,
    url: other.db.url,
    onAppended: () => {},
    onStarted: () => assert.fail('a replica that does not lead looks at tasks'),
    logger: silentLogger,
  });
  ends.push(() => deaf.close());
  return { other, leader, heard, told, started, deaf };
}

async function running({ db }: TestConductor): Promise<{ id: string; namespace: string; name: string }[]> {
  const { rows } = await db.pool.query(
    'SELECT s.id, s.namespace, s.name FROM tasks t JOIN subjects s ON s.id = t.subject WHERE t.ended_at IS NULL',
  );
  return rows;
}

test('a task that reports its end to a replica that does not lead is acted on by the leader, and its place goes to the next', {
  timeout: 60_000,
}, async (t) => {
  const { other, leader, heard, told } = await twoReplicas(t);
  await applyIssue(leader, 'first', { number: 1_001 });
  await until('the first is claimed', async () => (await running(leader)).some(({ name }) => name === 'first'));
  await applyIssue(leader, 'second', { number: 1_002 });
  await until('the second is queued', async () => (await leader.db.pool.query('SELECT FROM queue')).rowCount === 1);
  const [first] = await running(leader);
  await other.conductor.log.append(first!, CAUSE, ({ task }) => (task.work === null ? [] : [finished(task.work)]));
  await until('the second is claimed', async () => (await running(leader)).some(({ name }) => name === 'second'));
  await until('the claim of the first ends', async () => {
    const { rows } = await leader.db.pool.query(`SELECT type FROM events WHERE stream = $1`, [first!.id]);
    return rows.some(({ type }) => type === 'ISSUE_UNASSIGNED');
  });
  assert.ok(heard.includes('first'));
  const developer = await leader.client.get(AGENTS, { namespace: leader.namespace, name: 'dev-e' });
  assert.deepEqual(new Set(told), new Set([developer.metadata.uid]));
});

test('a pod that comes to a replica that does not lead for its task is told to the leader', {
  timeout: 60_000,
}, async (t) => {
  const { leader, started, deaf } = await twoReplicas(t);
  await applyIssue(leader, 'begun', { number: 1_003 });
  await until('it is claimed', async () => (await running(leader)).length === 1);
  const { namespace } = (await running(leader))[0]!;
  const name = 'begun-implement-1-1';
  const bound = await bindPod(leader.db.pool, namespace, name, { name: 'pod', uid: 'pod-uid' }, Date.now());
  assert.deepEqual([bound, started], [true, []]);
  await deaf.started({ namespace, name });
  await until('the leader knows', () => started.includes(name));
});
