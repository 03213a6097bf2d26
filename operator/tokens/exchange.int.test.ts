import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { conductorAudience, labels } from '#crds';
import { type KubeObject, PODS } from '#lib/kube';
import { until } from '../../test/kit/cluster-wait.ts';
import { clusterConductor, tenantNamespace } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { claimedIssue, endTask, type TestApi, type TestTask, testApi } from '../api/task.int-kit.ts';
import { findTask } from '../store/tasks.ts';

let rig: TestConductor;
let api: TestApi;
let elsewhere: string;

before(async () => {
  rig = await clusterConductor();
  elsewhere = await tenantNamespace(rig.client);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await until('Agents are seen', () => rig.conductor.objects.agents.list(rig.namespace).length === 2);
  api = await testApi(rig);
});

let pods = 0;

/** A pod that stands for the one a Job makes. */
async function podOf(task: string, namespace = rig.namespace): Promise<KubeObject> {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const spec = {
    serviceAccountName: 'rig-agent',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'agent', image: 'none', securityContext }],
  };
  const metadata = { name: `pod-${++pods}`, namespace, labels: { [labels.task]: task } };
  return rig.client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec } as KubeObject);
}

/** The token that the kubelet projects into a pod. */
async function projected(pod: KubeObject, audience = conductorAudience): Promise<string> {
  const { name, uid, namespace } = pod.metadata as { name: string; uid: string; namespace: string };
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name, uid };
  const { token } = await rig.client.createToken(
    { namespace, name: 'rig-agent' },
    { audiences: [audience], expirationSeconds: 600, boundObjectRef },
  );
  return token;
}

async function exchange(task: Pick<TestTask, 'path'>, token: string) {
  const answer = await api.app.request(`${task.path}/token`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  // biome-ignore lint/suspicious/noExplicitAny: problem or tokens
  const body = (await answer.json()) as any;
  return { status: answer.status, reason: body.reason, body };
}

test('the pod of a task gets one token for each service, bound to task, fence and deadline', async () => {
  const task = await claimedIssue(api, 'exchange');
  const pod = await podOf(task.name);
  const { status, body } = await exchange(task, await projected(pod));
  assert.equal(status, 200);
  assert.deepEqual(await api.tokens.verify(body.tokens.conductor, ['rig-conductor']), task.identity);
  assert.deepEqual(await api.tokens.verify(body.tokens.proxy, ['rig-proxy']), task.identity);
  assert.deepEqual(await api.tokens.verify(body.tokens.egress, ['rig-egress']), task.identity);
  const row = await findTask(rig.db.pool, rig.namespace, task.name);
  assert.equal(body.expiresAt, new Date(row!.deadline).toISOString());
  assert.equal(decodeJwt(body.tokens.proxy).exp, Math.floor(row!.deadline / 1000));
  assert.deepEqual(row?.pod, { name: pod.metadata.name, uid: pod.metadata.uid });
  assert.ok(row?.startedAt);
});

test('the same pod may exchange again, a second pod of the task may not', async () => {
  const task = await claimedIssue(api, 'second-pod');
  const first = await podOf(task.name);
  const second = await podOf(task.name);
  assert.equal((await exchange(task, await projected(first))).status, 200);
  assert.equal((await exchange(task, await projected(first))).status, 200);
  const { status, reason, body } = await exchange(task, await projected(second));
  assert.deepEqual([status, reason], [409, 'DeadFence']);
  assert.match(body.detail, /has ended, or another pod runs it; stop/);
});

test('a pod of another task, and one without the label, are refused with 403', async () => {
  const task = await claimedIssue(api, 'another');
  const { status, reason } = await exchange(task, await projected(await podOf('someone-else')));
  assert.deepEqual([status, reason], [403, 'NotThePod']);
  assert.equal((await findTask(rig.db.pool, rig.namespace, task.name))?.pod, null);
});

test('a pod of the same name and label in another namespace is refused with 403', async () => {
  const task = await claimedIssue(api, 'namespace');
  const { status, reason } = await exchange(task, await projected(await podOf(task.name, elsewhere)));
  assert.deepEqual([status, reason], [403, 'NotThePod']);
});

test('a token for another audience, or for none, is refused with 401', async () => {
  const task = await claimedIssue(api, 'audience');
  const pod = await podOf(task.name);
  const other = await exchange(task, await projected(pod, 'rig-proxy'));
  assert.deepEqual([other.status, other.reason], [401, 'PodTokenInvalid']);
  assert.equal((await exchange(task, 'not.a.token')).status, 401);
  assert.equal((await api.app.request(`${task.path}/token`, { method: 'POST' })).status, 401);
});

test('a ServiceAccount token that is bound to no pod is refused with 401', async () => {
  const task = await claimedIssue(api, 'unbound');
  const spec = { audiences: [conductorAudience], expirationSeconds: 600 };
  const { token } = await rig.client.createToken({ namespace: rig.namespace, name: 'rig-agent' }, spec);
  const { status, reason } = await exchange(task, token);
  assert.deepEqual([status, reason], [401, 'PodTokenInvalid']);
});

test('the token of a deleted pod is refused with 401', async () => {
  const task = await claimedIssue(api, 'deleted');
  const pod = await podOf(task.name);
  const token = await projected(pod);
  const ref = { namespace: rig.namespace, name: pod.metadata.name! };
  await rig.client.delete(PODS, ref, { gracePeriodSeconds: 0 });
  const { status, reason } = await exchange(task, token);
  assert.deepEqual([status, reason], [401, 'PodTokenInvalid']);
});

test('an ended task is refused with 409, one that never was with 404', async () => {
  const task = await claimedIssue(api, 'ended');
  const token = await projected(await podOf(task.name));
  await endTask(api, task);
  const { status, reason } = await exchange(task, token);
  assert.deepEqual([status, reason], [409, 'DeadFence']);
  const missing = await exchange({ path: `/v1/namespaces/${rig.namespace}/tasks/never` }, token);
  assert.deepEqual([missing.status, missing.reason], [404, 'TaskMissing']);
});

test('an AgentTask that this replica has not seen yet is 503 with a time to come back', async () => {
  const task = await claimedIssue(api, 'unseen');
  const token = await projected(await podOf(task.name));
  const { objects } = rig.conductor;
  const get = objects.tasks.get.bind(objects.tasks);
  objects.tasks.get = () => undefined;
  const { status, reason } = await exchange(task, token);
  assert.deepEqual([status, reason], [503, 'TaskNotSeen']);
  let asked = 0;
  objects.tasks.get = (...ref) => (++asked < 4 ? undefined : get(...ref));
  assert.equal((await exchange(task, token)).status, 200, 'who asks a moment too early is kept, not sent away');
  objects.tasks.get = get;
});
