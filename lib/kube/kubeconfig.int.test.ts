import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { stringify } from 'yaml';
import { until } from '../../test/kit/cluster-wait.ts';
import { KubeClient } from './client.ts';
import { type LoadOptions, loadKubeConfig } from './kubeconfig.ts';
import { NAMESPACES, SERVICE_ACCOUNTS } from './resource.ts';
import type { KubeObject, Resource } from './types.ts';
import { widgetCluster } from './widgets.int-kit.ts';

const REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rig-kubeconfig-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const kubeconfig = (name: string, cluster: object, user: object) =>
  stringify({
    'current-context': name,
    clusters: [{ name, cluster: { server: 'https://127.0.0.1:1', ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `ns-${name}` } }],
  });

/** A client of the test's API server with the given user, and CA and files in `path`. */
async function clientIn(t: TestContext, path: string, user: object, cluster: object): Promise<KubeClient> {
  await writeFile(join(path, 'kubeconfig'), kubeconfig('x', cluster, user));
  const client = new KubeClient(loadKubeConfig({ path: join(path, 'kubeconfig') }));
  t.after(() => client.close());
  return client;
}

/** A token of a new ServiceAccount. */
async function tokenOf(admin: KubeClient, namespace: string, name: string): Promise<string> {
  await admin.create(SERVICE_ACCOUNTS, { metadata: { namespace, name } });
  return (await admin.createToken({ namespace, name }, { audiences: [] })).token;
}

/** Writes as a projected volume does: the new content appears at once, under a new inode. */
async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

test('a rotated token file is used without a restart, also for a token that was refused a moment ago', async (t) => {
  const { cluster, client: admin, namespace } = await widgetCluster(t);
  const path = await directory(t);
  const token = (name: string) => tokenOf(admin, namespace, name);
  const [first, second] = [await token('first'), await token('second')];
  await writeFile(join(path, 'token'), 'not a token');
  const { server, 'certificate-authority-data': ca } = cluster.kubeconfig.clusters[0].cluster;
  const client = await clientIn(t, path, { tokenFile: 'token' }, { server, 'certificate-authority-data': ca });
  const whoAmI = async () => {
    const review = await client.create(REVIEWS, { metadata: {} } as KubeObject);
    return (review.status as { userInfo: { username: string } }).userInfo.username;
  };
  await assert.rejects(whoAmI(), { code: 'Unauthorized' });
  await replaceFile(join(path, 'token'), first);
  assert.equal(await whoAmI(), `system:serviceaccount:${namespace}:first`);
  await replaceFile(join(path, 'token'), `${second}\n`);
  const again = `system:serviceaccount:${namespace}:second`;
  await until('the second token is used', async () => (await whoAmI()) === again);
});

test('a rotated CA and a rotated client certificate get a new connection pool, without a restart', async (t) => {
  const { cluster } = await widgetCluster(t);
  const path = await directory(t);
  const { server, 'certificate-authority-data': ca = '' } = cluster.kubeconfig.clusters[0].cluster;
  const { user } = cluster.kubeconfig.users[0];
  const decoded = (data = '') => Buffer.from(data, 'base64').toString();
  await writeFile(join(path, 'ca.crt'), rootCertificates[0] ?? '');
  await writeFile(join(path, 'tls.crt'), decoded(user['client-certificate-data']));
  await writeFile(join(path, 'tls.key'), decoded(user['client-key-data']));
  const files = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' };
  const client = await clientIn(t, path, files, { server, 'certificate-authority': 'ca.crt' });
  const read = () => client.get(NAMESPACES, { name: 'default' }, { retries: 0 });
  await assert.rejects(read(), { code: 'Unavailable' });
  await replaceFile(join(path, 'ca.crt'), decoded(ca));
  await until('the new CA is trusted', read);
  const before = (await client.config.authorize()).dispatcher;
  assert.equal((await client.config.authorize()).dispatcher, before);
  await replaceFile(join(path, 'tls.crt'), `${decoded(user['client-certificate-data'])}\n`);
  await until('the new certificate has a pool', async () => (await client.config.authorize()).dispatcher !== before);
  await read();
});

test('an exec plugin provides the token', async (t) => {
  const { cluster, client: admin, namespace } = await widgetCluster(t);
  const path = await directory(t);
  const token = await tokenOf(admin, namespace, 'plugin');
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } };
  const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] };
  const { server, 'certificate-authority-data': ca } = cluster.kubeconfig.clusters[0].cluster;
  const client = await clientIn(t, path, { exec }, { server, 'certificate-authority-data': ca });
  const review = await client.create(REVIEWS, { metadata: {} } as KubeObject);
  const { userInfo } = review.status as { userInfo: { username: string } };
  assert.equal(userInfo.username, `system:serviceaccount:${namespace}:plugin`);
});

test('KUBECONFIG with several files: the first to name a thing wins, a context of any can be chosen', async (t) => {
  const path = await directory(t);
  const [a, b] = [join(path, 'a'), join(path, 'b')];
  await writeFile(a, kubeconfig('a', {}, { token: 't' }));
  await writeFile(b, kubeconfig('b', {}, { token: 't' }));
  const env = { KUBECONFIG: `${a}:${b}` };
  assert.equal(loadKubeConfig({ env }).namespace, 'ns-a');
  assert.equal(loadKubeConfig({ env, context: 'b' }).namespace, 'ns-b');
});

test("in a pod the ServiceAccount's token, CA and namespace are used", async (t) => {
  const path = await directory(t);
  await writeFile(join(path, 'token'), 'pod-token');
  await writeFile(join(path, 'namespace'), 'rig-system');
  await writeFile(join(path, 'ca.crt'), 'ca');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443', HOME: path };
  const config = loadKubeConfig({ env, serviceAccountDir: path });
  assert.deepEqual([config.server, config.namespace], ['https://[fd00::1]:6443', 'rig-system']);
  t.after(() => config.close());
  assert.equal((await config.authorize()).headers.Authorization, 'Bearer pod-token');
});

const refusals: [string, string | undefined, LoadOptions, RegExp][] = [
  ['no kubeconfig anywhere', undefined, {}, /no cluster is configured: set KUBECONFIG, or put a kubeconfig at/],
  [
    'a file that does not exist',
    undefined,
    { path: '/nowhere/config' },
    /cannot use the kubeconfig \/nowhere\/config: ENOENT/,
  ],
  ['no YAML', ': {', {}, /cannot use the kubeconfig/],
  ['an unknown context', kubeconfig('a', {}, {}), { context: 'nope' }, /has no context named nope/],
  ['plain http', kubeconfig('a', { server: 'http://x' }, {}), {}, /without TLS: use https/],
  [
    'a login it does not know',
    kubeconfig('a', {}, { 'auth-provider': { name: 'gcp' } }),
    {},
    /auth-provider gcp.*use an exec plugin/,
  ],
  ['a token file that does not exist', kubeconfig('a', {}, { tokenFile: 'gone' }), {}, /cannot read .*gone/],
];
for (const [title, content, options, message] of refusals) {
  test(`${title}: one sentence says what is wrong`, async (t) => {
    const home = await directory(t);
    await mkdir(join(home, '.kube'));
    if (content !== undefined) await writeFile(join(home, '.kube', 'config'), content);
    const use = async () => loadKubeConfig({ env: { HOME: home }, ...options }).authorize();
    await assert.rejects(use, { code: 'Config', message });
  });
}
