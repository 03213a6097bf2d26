import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { openBundle, readTrust } from '#lib/attest';
import { startTrust } from './index.ts';
import {
  askForToken,
  CI_SECRET,
  person,
  run,
  SIGN_IN_CODE,
  scratch,
  signedByWorkflow,
  signedIn,
  started,
  workflowName,
} from './trust.int-kit.ts';

const PAYLOAD = '{"says":"tested"}';

test('what a workflow signs verifies offline as that workflow, and as no person', async (t) => {
  const trust = await started(t);
  const opened = openBundle(await signedByWorkflow(trust, PAYLOAD), readTrust(JSON.stringify(trust.root)));
  assert.deepEqual(opened.identity, { subject: workflowName, issuer: `${trust.url}/ci` });
  assert.deepEqual([opened.nameKind, opened.workflow, opened.payload], ['uri', true, PAYLOAD]);
});

test('a workflow of another branch, or of another repository, has another name', async (t) => {
  const trust = await started(t);
  const root = readTrust(JSON.stringify(trust.root));
  const nameOf = async (change: object) => openBundle(await signedByWorkflow(trust, PAYLOAD, change), root).identity;
  assert.equal(
    (await nameOf({ ref: 'refs/heads/rig/shop-7/1' })).subject,
    workflowName.replace('main', 'rig/shop-7/1'),
  );
  assert.equal((await nameOf({ repository: 'acme/web' })).subject, workflowName.replace('shop', 'web'));
});

test('the token of a run says what GitHub Actions’ does, and its issuer tells the key', async (t) => {
  const trust = await started(t);
  const { value } = (await (await askForToken(trust)).json()) as { value: string };
  const discovery = await (await fetch(`${trust.ciIssuer}/.well-known/openid-configuration`)).json();
  const { jwks_uri: keys, issuer } = discovery as { jwks_uri: string; issuer: string };
  const { payload } = await jwtVerify(value, createRemoteJWKSet(new URL(keys)), { issuer, audience: 'sigstore' });
  const { iat = 0, exp = 0, ...claims } = payload;
  assert.equal(exp - iat, 300);
  assert.deepEqual(claims, {
    iss: trust.ciIssuer,
    sub: 'repo:acme/shop:ref:refs/heads/main',
    aud: 'sigstore',
    server_url: run.server,
    repository: 'acme/shop',
    repository_id: '812345678',
    repository_owner: 'acme',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    job_workflow_ref: 'acme/shop/ci@refs/heads/main',
    run_id: '7',
    runner_environment: 'self-hosted',
  });
});

test('nobody but who has the runner’s secret is vouched for as a workflow, the person with the sign-in code neither', async (t) => {
  const trust = await started(t);
  for (const secret of ['', 'guess', SIGN_IN_CODE, `${CI_SECRET}x`, await signedIn(trust.url)])
    assert.equal((await askForToken(trust, {}, secret)).status, 401);
  const unasked = await fetch(`${trust.ciIssuer}/token`, { method: 'POST', body: JSON.stringify(run) });
  assert.equal(unasked.status, 401);
});

const impossible: [string, object][] = [
  ['with a path in its server', { server: 'https://forge.example.com/acme' }],
  ['of a tag', { ref: 'refs/tags/main' }],
  ['of a pull request', { ref: 'refs/pull/7/merge' }],
  ['with a name in which another branch begins', { workflow: 'ci@refs/heads/main' }],
  ['of a repository that is a path', { repository: 'acme/shop/ci' }],
  ['of a branch that is written in two ways', { ref: 'refs/heads/mäin' }],
  ['that says something else beside', { email: person.email }],
];
for (const [title, change] of impossible)
  test(`no run is vouched for ${title}`, async (t) => {
    const trust = await started(t);
    assert.equal((await askForToken(trust, change)).status, 400);
  });

test('the token of one issuer gets no certificate under the other’s names, of another rig, or once it has run out', async (t) => {
  let now = Date.now();
  const [trust, other] = [await started(t, { now: () => new Date(now) }), await started(t)];
  const ask = async (bearer: string) => {
    const unproven = { publicKeyRequest: { publicKey: { content: 'no key' }, proofOfPossession: '' } };
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
    const asked = { method: 'POST', headers, body: JSON.stringify(unproven) };
    return (await fetch(`${trust.url}/api/v2/signingCert`, asked)).status;
  };
  const tokenOf = async (of: typeof trust) => ((await (await askForToken(of)).json()) as { value: string }).value;
  const own = await tokenOf(trust);
  const [head, , signature] = own.split('.');
  const forge = (claims: object) =>
    [head, Buffer.from(JSON.stringify({ ...decodeJwt(own), ...claims })).toString('base64url'), signature].join('.');
  // The key is none: what is refused as 400 was believed to be somebody.
  assert.equal(await ask(own), 400);
  assert.equal(await ask(await tokenOf(other)), 401);
  assert.equal(await ask(forge({ iss: trust.url, email: person.email })), 401);
  assert.equal(await ask(forge({ job_workflow_ref: 'acme/web/ci@refs/heads/main' })), 401);
  now += 301_000;
  assert.equal(await ask(own), 401);
});

test('where no secret of a runner is given no workload is vouched for, and one that can be guessed is not taken', async (t) => {
  const dataDir = await scratch(t);
  const options = { dataDir, person, signInCode: SIGN_IN_CODE, codeFile: '/code' };
  const trust = await startTrust(options);
  t.after(() => trust.close());
  assert.equal((await askForToken(trust)).status, 404);
  await assert.rejects(startTrust({ ...options, ciSecret: 'guess' }), { name: 'TrustError', code: 'BadRequest' });
});
