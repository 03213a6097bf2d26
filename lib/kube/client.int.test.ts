import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startFaultProxy, startTunnel } from '../../test/kit/fault-proxy.ts';
import { describeClient, WIDGETS } from './client.contract.ts';
import { KubeClient } from './client.ts';
import { ClusterConfig } from './config.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { CONFIG_MAPS, NAMESPACES, PODS, SECRETS, SERVICE_ACCOUNTS } from './resource.ts';
import { widgetCluster } from './widgets.int-kit.ts';

describeClient('a real API server', (t) => widgetCluster(t as TestContext));

async function throughProxy(t: TestContext) {
  const { cluster, namespace } = await widgetCluster(t);
  const proxy = await startFaultProxy(cluster.kubeconfigPath);
  const client = new KubeClient(loadKubeConfig({ path: proxy.kubeconfigPath }));
  t.after(async () => {
    await client.close();
    await proxy.close();
  });
  return { proxy, client, namespace };
}

test('a list of 1,203 objects arrives whole, in three pages of one snapshot', async (t) => {
  const { proxy, client, namespace } = await throughProxy(t);
  const names = Array.from({ length: 1203 }, (_, n) => `w-${n}`);
  for (let from = 0; from < names.length; from += 50) {
    const batch = names.slice(from, from + 50);
    await Promise.all(batch.map((name) => client.create(WIDGETS, { metadata: { namespace, name } })));
  }
  proxy.requests.length = 0;
  const { items } = await client.list(WIDGETS, { namespace });
  assert.equal(new Set(items.map((item) => item.metadata.name)).size, 1203);
  assert.equal(proxy.requests.length, 3);
});

test('thirty calls one after the other use one TLS connection; ten at a time at most ten', async (t) => {
  const { cluster } = await widgetCluster(t);
  await using tunnel = await startTunnel(cluster.serverURL);
  const direct = loadKubeConfig({ path: cluster.kubeconfigPath });
  const server = `https://127.0.0.1:${tunnel.port}`;
  const [user] = cluster.kubeconfig.users;
  const client = new KubeClient(
    new ClusterConfig(
      { ...direct.cluster, server },
      { name: 'admin', certData: user.user['client-certificate-data'], keyData: user.user['client-key-data'] },
    ),
  );
  t.after(() => client.close());
  for (let n = 0; n < 30; n++) await client.get(NAMESPACES, { name: 'default' });
  assert.equal(tunnel.connections(), 1);
  await Promise.all(Array.from({ length: 10 }, () => client.get(NAMESPACES, { name: 'default' })));
  assert.ok(tunnel.connections() <= 10, `${tunnel.connections()} connections`);
  tunnel.resetAll();
  await client.get(NAMESPACES, { name: 'default' });
});

test('429 with Retry-After: the call waits as long and succeeds, also a create', async (t) => {
  const { proxy, client, namespace } = await throughProxy(t);
  proxy.inject({ match: /^POST .*configmaps/, status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 });
  const startedAt = performance.now();
  await client.create(CONFIG_MAPS, { metadata: { namespace, name: 'a' } });
  assert.ok(performance.now() - startedAt >= 1000);
});

test('500, 503 and a reset connection on a read are retried; a create with an unknown outcome is not', async (t) => {
  const { proxy, client, namespace } = await throughProxy(t);
  const read = /^GET .*namespaces\/default/;
  proxy.inject({ match: read, status: 500 }, { match: read, status: 503 }, { match: read, reset: true });
  await client.get(NAMESPACES, { name: 'default' });
  proxy.inject({ match: /^POST/, reset: true });
  await assert.rejects(client.create(CONFIG_MAPS, { metadata: { namespace, name: 'a' } }), { code: 'Unavailable' });
  assert.equal(proxy.requests.filter((line) => line.startsWith('POST')).length, 1);
});

test('a server that does not answer is given up after the limit of the call, or by its signal at once', async (t) => {
  const { proxy, client } = await throughProxy(t);
  proxy.stall();
  const options = { timeoutMs: 200, retries: 0 };
  await assert.rejects(client.get(NAMESPACES, { name: 'default' }, options), { code: 'Timeout' });
  const abort = new AbortController();
  const call = client.get(NAMESPACES, { name: 'default' }, { signal: abort.signal });
  abort.abort();
  await assert.rejects(call, { code: 'Aborted' });
});

test('the error of a refused object says what the server said', async (t) => {
  const { client, namespace } = await widgetCluster(t);
  const bad = client.create(CONFIG_MAPS, { metadata: { namespace, name: 'Not_A_Name' } });
  await assert.rejects(bad, { code: 'Invalid', status: 422, reason: 'Invalid', message: /Not_A_Name.*RFC 1123/s });
});

test('apply without force is Conflict when another manager owns the field', async (t) => {
  const { client, namespace } = await widgetCluster(t);
  const object = (color: string) => ({ metadata: { namespace, name: 'w' }, spec: { color } });
  await client.apply(WIDGETS, object('red'), { fieldManager: 'one' });
  const polite = client.apply(WIDGETS, object('blue'), { fieldManager: 'two', force: false });
  await assert.rejects(polite, { code: 'Conflict' });
  await client.apply(WIDGETS, object('blue'), { fieldManager: 'two' });
});

test('a dry run stores nothing', async (t) => {
  const { client, namespace } = await widgetCluster(t);
  await client.create(CONFIG_MAPS, { metadata: { namespace, name: 'a' } }, { dryRun: true });
  assert.equal(await client.find(CONFIG_MAPS, { namespace, name: 'a' }), undefined);
});

test('a token bound to an object names its account and is valid only for its audience', async (t) => {
  const { client, namespace } = await widgetCluster(t);
  await client.create(SERVICE_ACCOUNTS, { metadata: { namespace, name: 'worker' } });
  const secret = await client.create(SECRETS, { metadata: { namespace, name: 'bound' } });
  const { token, expiresAt } = await client.createToken(
    { namespace, name: 'worker' },
    {
      audiences: ['rig-conductor'],
      expirationSeconds: 600,
      boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'bound', uid: secret.metadata.uid ?? '' },
    },
  );
  assert.ok(Date.parse(expiresAt) > Date.now());
  const review = await client.tokenReview(token, ['rig-conductor']);
  assert.deepEqual([review.authenticated, review.username], [true, `system:serviceaccount:${namespace}:worker`]);
  assert.deepEqual(review.audiences, ['rig-conductor']);
  assert.equal((await client.tokenReview(token, ['other'])).authenticated, false);
  assert.equal((await client.tokenReview('rubbish')).authenticated, false);
});

test('logs of a pod that does not exist are NotFound', async (t) => {
  const { client, namespace } = await widgetCluster(t);
  await assert.rejects(client.podLogs({ namespace, name: 'none' }, { tailLines: 3 }), { code: 'NotFound' });
  assert.equal(await client.find(PODS, { namespace, name: 'none' }), undefined);
});
