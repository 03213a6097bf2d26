import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { until } from '../../test/kit/cluster-wait.ts';
import { REPOSITORIES } from '../objects.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from './conductor.int-kit.ts';
import { applyTenant } from './objects.int-kit.ts';
import { claimedIssue, endTask, type TestApi, type TestTask, testApi } from './task.int-kit.ts';

let rig: TestConductor;
let api: TestApi;

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  api = await testApi(rig);
});

async function ask(
  task: TestTask,
  audience: 'rig-egress' | 'rig-proxy' | 'rig-conductor' = 'rig-egress',
  path = task.path,
) {
  const token = await api.tokens.sign(task.identity, audience, Date.now() + 60_000);
  const answer = await api.app.request(`${path}/egress`, { headers: { authorization: `Bearer ${token}` } });
  // biome-ignore lint/suspicious/noExplicitAny: problem or answer
  return { status: answer.status, body: (await answer.json()) as any };
}

test('a task may connect nowhere until its Repository lists hosts, and then there while it runs', async () => {
  const task = await claimedIssue(api, 'listed');
  const { fence } = task.identity;
  await until('its AgentTask is seen', async () => (await ask(task)).status === 200);
  assert.deepEqual((await ask(task)).body, { live: true, fence, repository: 'widgets', allow: [] });
  const egress = { presets: ['npm'], allow: ['*.example.org'] };
  await rig.client.patch(REPOSITORIES, { namespace: rig.namespace, name: 'widgets' }, { spec: { egress } });
  await until('the edit is answered', async () => (await ask(task)).body.allow.length === 2);
  assert.deepEqual((await ask(task)).body.allow, ['registry.npmjs.org', '*.example.org']);
});

test('an ended task is told that it is not live, and no token but that for egress, of the task itself, is answered', async () => {
  const task = await claimedIssue(api, 'ending');
  const other = await claimedIssue(api, 'foreign');
  await until('its AgentTask is seen', async () => (await ask(task)).status === 200);
  for (const audience of ['rig-proxy', 'rig-conductor'] as const) assert.equal((await ask(task, audience)).status, 401);
  assert.equal((await ask(other, 'rig-egress', task.path)).status, 403);
  await endTask(api, task);
  assert.equal((await ask(task)).body.live, false);
});
