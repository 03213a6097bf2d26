import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Agent, request } from 'undici';
import { makeAuthority } from '#lib/authority';
import { type KubeClient, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../lib/kube/fake-client.ts';
import { startVerifier } from './verifier.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const QUESTION = JSON.stringify({
  operation: 'DELETE',
  kind: { group: '', version: 'v1', kind: 'Secret' },
  namespace: 'shop',
  name: 'db',
  userInfo: {},
  oldObject: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' } },
});

/** A verifier of an empty cluster: how to ask its two ports. */
async function setUp(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'rig-verifier-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const authority = await makeAuthority('doors', Date.now());
  writeFileSync(join(dataDir, 'tls.crt'), authority.certificate);
  writeFileSync(join(dataDir, 'tls.key'), authority.key);
  const config = {
    kubeconfig: undefined,
    listen: LOOPBACK,
    metricsListen: undefined,
    admission: { listen: LOOPBACK, authorityDir: dataDir, hosts: ['127.0.0.1'] },
    namespace: 'rig-verifier',
    forgeAppDir: dataDir,
    dataDir,
    pollMs: 60_000,
    forgeWriteIntervalMs: 0,
    identity: 'verifier-0',
  };
  const client = Object.assign(new FakeClient(realClock), { close: async () => {} }) as unknown as KubeClient;
  const verifier = await startVerifier(config, silentLogger, client);
  t.after(() => verifier.stop());
  const dispatcher = new Agent({ connect: { ca: authority.certificate } });
  t.after(() => dispatcher.close());
  const post = async (url: string) => {
    const { statusCode, body } = await request(url, { method: 'POST', dispatcher, body: QUESTION });
    return { status: statusCode, text: await body.text() };
  };
  return { post, plain: verifier.listening.url, secured: `https://127.0.0.1:${verifier.admissionPort}` };
}

test('what is asked before something is written is answered over TLS, and the port without it knows none of it', async (t) => {
  const { post, plain, secured } = await setUp(t);
  const answered = await post(`${secured}/v1/consent`);
  assert.equal(answered.status, 200);
  assert.equal(JSON.parse(answered.text).body.allowed, false);
  for (const path of ['/v1/consent', '/admission/consent', '/admission/issue-status']) {
    assert.equal((await post(`${plain}${path}`)).status, 404, path);
    assert.notEqual((await post(`${secured}${path}`)).status, 404, path);
  }
  assert.equal((await post(`${secured}/webhooks/github`)).status, 404);
});
