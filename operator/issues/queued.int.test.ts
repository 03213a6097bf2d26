import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type KubeClient, realClock } from '#lib/kube';
import { noMetrics, silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { agentObject, applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENTS, ISSUES } from '../objects.ts';
import { finished } from '../store/store.int-kit.ts';
import { IssueController } from './controller.ts';

const QUEUED = 200;
const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const clock = new FakeClock();
let rig: TestConductor;
let issues: IssueController;
let looks = 0;
let stalled = 0;

/** Resolves when no issue is being looked at, and none is about to be. */
const quiet = () =>
  until('nothing is looked at', async () => {
    await issues.idle();
    const { ready, processing } = issues.controller.depth();
    return ready + processing === 0;
  });

const queueLength = async () => (await rig.db.pool.query('SELECT count(*)::int AS n FROM queue')).rows[0].n;

before(async () => {
  rig = await testConductor(fileLife, { client: new FakeClient(realClock) as unknown as KubeClient });
  rig.manager.start();
  await applyTenant(rig);
  await rig.client.delete(AGENTS, { namespace: rig.namespace, name: 'dev-e' });
  await rig.client.create(AGENTS, agentObject(rig.namespace, 'dev-e', 'developer', { concurrency: 1 }));
  await repositoryReady(rig);
  await agentsReady(rig);
  for (let n = 1; n <= QUEUED + 1; n++) await applyIssue(rig, `issue-${n}`, { number: 1_000 + n });
  issues = new IssueController(rig.conductor, silentLogger, { clock });
  const count = (name: string, labels: { outcome?: string }) => {
    if (name !== 'rig_reconciles_total') return;
    looks += 1;
    if (labels.outcome === 'Stalled') stalled += 1;
  };
  issues.controller.measure({ ...noMetrics, count });
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await issues.controller.start();
  fileLife.after(() => issues.controller.stop({ graceMs: 1_000 }));
  await until('the queue is full', async () => (await queueLength()) === QUEUED, 120_000);
  await quiet();
});

test(`${QUEUED} queued Issues and no free place cost no look in five minutes`, async () => {
  looks = 0;
  for (let second = 0; second < 300; second += 5) {
    await clock.advance(5_000);
    await quiet();
  }
  assert.equal(looks, 0);
});

test('what waits is looked at again within twelve minutes though nobody tells, also where only a person can help', async () => {
  await applyIssue(rig, 'twin', { number: 1_001 });
  await until('it stands still', () => stalled > 0);
  await quiet();
  looks = 0;
  stalled = 0;
  for (let second = 0; second < 720; second += 60) {
    await clock.advance(60_000);
    await quiet();
  }
  assert.ok(stalled >= 1 && stalled <= 2, `${stalled} looks at what stands still`);
  assert.ok(looks >= QUEUED + 2 && looks <= 2 * (QUEUED + 2), `${looks} looks`);
  await rig.client.delete(ISSUES, { namespace: rig.namespace, name: 'twin' });
  await until('it is gone', () => rig.conductor.objects.issues.get(rig.namespace, 'twin') === undefined);
  await quiet();
});

test(`a sweep over ${QUEUED} queued Issues looks at none of them while no place is free`, async () => {
  looks = 0;
  issues.sweep();
  await quiet();
  assert.equal(looks, 0);
  assert.equal(await queueLength(), QUEUED);
});

test(`a task that ends gives its place to one of ${QUEUED} queued Issues and looks at a handful`, async () => {
  const { rows } = await rig.db.pool.query(
    'SELECT s.id, s.namespace, s.name FROM tasks t JOIN subjects s ON s.id = t.subject WHERE t.ended_at IS NULL',
  );
  assert.equal(rows.length, 1);
  looks = 0;
  await rig.conductor.log.append(rows[0], CAUSE, ({ task }) => (task.work === null ? [] : [finished(task.work)]));
  await until('the next is claimed', async () => (await queueLength()) === QUEUED - 1);
  await quiet();
  assert.ok(looks <= 10, `${looks} looks`);
});

test(`a change of what an Agent runs looks at none of ${QUEUED} queued Issues`, async () => {
  const agent = await rig.client.get(AGENTS, { namespace: rig.namespace, name: 'dev-e' });
  looks = 0;
  await rig.client.applyStatus(AGENTS, { ...agent, status: { ...agent.status, running: 1 } } as never);
  await until('the cache knows', () => rig.conductor.objects.agents.get(rig.namespace, 'dev-e')?.status?.running === 1);
  await quiet();
  assert.equal(looks, 0);
});
