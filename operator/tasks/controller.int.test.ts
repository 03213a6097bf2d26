import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { labels } from '#crds';
import { JOBS, type KubeObject, PODS, type Resource } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { clusterLife } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { kstatusOf } from '../../test/kit/kstatus.ts';
import { agentsReady, clusterConductor, StatusWatch } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { claimedIssue, endTask, type TestApi, type TestTask, testApi } from '../api/task.int-kit.ts';
import { AGENT_TASKS, type Job } from '../objects.ts';
import { bindPod } from '../store/tasks.ts';
import { TaskController } from './controller.ts';
import { jobOf } from './job.ts';

let rig: TestConductor;
let api: TestApi;
let tasks: TaskController;
const settings = {
  conductorUrl: 'http://127.0.0.1:1',
  proxyUrl: 'http://127.0.0.1:2',
  egressUrl: 'http://127.0.0.1:3',
};
const jobs = JOBS as Resource<Job>;

before(async () => {
  rig = await clusterConductor();
  tasks = new TaskController(rig.conductor, settings, silentLogger);
  rig.grown.add(({ namespace, name }) => {
    for (const task of rig.conductor.objects.tasks.list(namespace))
      if (task.spec.subject.issueRef?.name === name) tasks.poke(namespace, task.metadata.name!);
  });
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
  api = await testApi(rig);
  await tasks.controller.start();
  clusterLife.after(() => tasks.controller.stop({ graceMs: 0 }));
});

const job = (task: { name: string }) => rig.client.find(jobs, { namespace: rig.namespace, name: task.name });
const made = (task: TestTask) => until(`Job ${task.name}`, () => job(task));

test('the Job of a task is admitted under Pod Security restricted, names no secret, and is owned by the task', async () => {
  const task = await claimedIssue(api, 'job');
  const stored = (await made(task)) as KubeObject & { spec: { template: { spec: object } } };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', namespace: rig.namespace },
    spec: stored.spec.template.spec,
  };
  await rig.client.create(PODS, pod as KubeObject, { dryRun: true });
  const text = JSON.stringify(stored);
  assert.doesNotMatch(text, /secretKeyRef|secretName|"secret":|envFrom|hostPath/i);
  for (const token of [...rig.world.tokens.values(), task.token]) assert.ok(!text.includes(token));
  const owners = stored.metadata.ownerReferences ?? [];
  assert.deepEqual(
    owners.map(({ kind, uid, controller }) => [kind, uid, controller]),
    [['AgentTask', task.identity.uid, true]],
  );
  assert.equal(stored.metadata.labels?.[labels.task], task.name);
});

test('a task has one Job however often it is looked at, and its status follows it to the end', async () => {
  const watch = new StatusWatch(rig, AGENT_TASKS);
  const task = await claimedIssue(api, 'life');
  await watch.until('Pending', task.name, ({ status }) => status?.phase === 'Pending');
  const first = await made(task);
  for (let turn = 0; turn < 5; turn++) tasks.poke(rig.namespace, task.name);
  await bindPod(rig.db.pool, rig.namespace, task.name, { name: 'pod-1', uid: 'uid-1', node: 'node-1' }, Date.now());
  tasks.poke(rig.namespace, task.name);
  const running = await watch.until('Running', task.name, ({ status }) => status?.phase === 'Running');
  assert.deepEqual(
    [running.status?.pod?.name, running.status?.node, running.status?.job],
    ['pod-1', 'node-1', task.name],
  );
  assert.equal((await job(task))?.metadata.uid, first.metadata.uid);
  assert.deepEqual(await kstatusOf(running), ['InProgress']);
  await endTask(api, task);
  const ended = await watch.until('Cancelled', task.name, ({ status }) => status?.phase === 'Cancelled');
  assert.deepEqual(await kstatusOf(ended), ['Failed'], 'as a failed Job is: what was wanted did not come about');
  assert.deepEqual(ended.status?.outcome, { reason: 'CancelledByPerson', message: 'A test ended it.' });
  await until('the Job of the ended task is deleted', async () => (await job(task)) === undefined);
});

for (const [title, conditions, reason] of [
  ['a drain', [{ type: 'DisruptionTarget', status: 'True' }], 'PodFailurePolicy'],
  ['its own program', [], 'BackoffLimitExceeded'],
] as const)
  test(`a pod ended by ${title} fails its Job with ${reason}`, async () => {
    const task = await claimedIssue(api, `ended-by-${title.replaceAll(' ', '-')}`);
    await made(task);
    const labelSelector = `rig.dashecorp.com/task=${task.name}`;
    const pod = await until('its pod', async () => {
      return (await rig.client.list(PODS, { namespace: rig.namespace, labelSelector })).items[0];
    });
    const { name, namespace } = pod.metadata as { name: string; namespace: string };
    const { apiVersion, kind } = { apiVersion: 'v1', kind: 'Pod' };
    const status = { phase: 'Failed', conditions };
    await rig.client.applyStatus(PODS, { apiVersion, kind, metadata: { name, namespace }, status } as never, {
      fieldManager: 'test',
    });
    await until('the Job has failed', async () => {
      const failed = (await job(task))?.status?.conditions?.find(({ type }) => type === 'Failed');
      return failed?.reason === reason ? failed : undefined;
    });
    await endTask(api, task);
  });

test('an unchanged task is not written again', async () => {
  const task = await claimedIssue(api, 'quiet');
  const watch = new StatusWatch(rig, AGENT_TASKS);
  const before = await watch.until('Pending', task.name, ({ status }) => status?.phase === 'Pending');
  await until(
    'the cache has the status',
    () => rig.conductor.objects.tasks.get(rig.namespace, task.name)?.status?.phase,
  );
  for (let turn = 0; turn < 3; turn++) {
    tasks.poke(rig.namespace, task.name);
    await until(
      'it was looked at',
      () => tasks.controller.depth().processing === 0 && tasks.controller.depth().ready === 0,
    );
  }
  const { metadata } = await rig.client.get(AGENT_TASKS, { namespace: rig.namespace, name: task.name });
  assert.equal(metadata.resourceVersion, before.metadata.resourceVersion);
});

test('a Job of that name that is somebody else’s stalls the task, and is left alone', async () => {
  const watch = new StatusWatch(rig, AGENT_TASKS);
  const name = 'foreign-implement-1-1';
  const agent = rig.conductor.objects.agents.get(rig.namespace, 'dev-e')!;
  const stand = { metadata: { name, namespace: rig.namespace, uid: 'x' }, spec: { kind: 'implement', attempt: 1 } };
  const foreign = await rig.client.create(jobs, jobOf(stand as never, agent, settings) as Job);
  const task = await claimedIssue(api, 'foreign');
  const stalled = await watch.until(
    'stalled',
    task.name,
    ({ status }) =>
      status?.conditions?.some(({ type, reason }) => type === 'Stalled' && reason === 'NameTaken') === true,
  );
  assert.deepEqual(await kstatusOf(stalled), ['Failed']);
  assert.match(stalled.status!.conditions!.find(({ type }) => type === 'Ready')!.message, /delete or rename it/);
  await endTask(api, task);
  await watch.until('Cancelled', task.name, ({ status }) => status?.phase === 'Cancelled');
  assert.equal((await job(task))?.metadata.uid, foreign.metadata.uid);
});

test('an AgentTask that no claim stands behind is stalled and gets no Job', async () => {
  const watch = new StatusWatch(rig, AGENT_TASKS);
  const model = rig.conductor.objects.tasks.list(rig.namespace)[0]!;
  const metadata = { name: 'by-hand', namespace: rig.namespace };
  await rig.client.create(AGENT_TASKS, {
    apiVersion: model.apiVersion,
    kind: 'AgentTask',
    metadata,
    spec: model.spec,
  } as never);
  const { status } = await watch.until('stalled', 'by-hand', (object) => object.status?.conditions !== undefined);
  assert.match(status!.conditions![0]!.message, /No claim stands behind AgentTask by-hand/);
  assert.equal(await job({ name: 'by-hand' }), undefined);
});
