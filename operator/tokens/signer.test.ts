import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { HttpError } from '#lib/http';
import { type KubeClient, SECRETS } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { type TaskIdentity, TaskTokens } from './signer.ts';

const identity: TaskIdentity = {
  namespace: 'tenant-a',
  task: 'widgets-7-implement-1-1',
  uid: 'uid-of-the-task',
  fence: '3.14',
  agent: 'dev-e',
  issue: 'subject-of-the-issue',
};
const later = () => Date.now() + 60_000;

async function keyOf(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return exportJWK(privateKey);
}

async function refused(verified: Promise<unknown>): Promise<void> {
  await assert.rejects(
    verified,
    (error) => error instanceof HttpError && error.status === 401 && error.reason === 'TaskTokenInvalid',
  );
}

/** A token like ours in everything but what is changed. */
async function forged(key: JWK, change: (jwt: SignJWT) => SignJWT, alg = 'EdDSA'): Promise<string> {
  const { namespace, task, ...claims } = identity;
  const jwt = new SignJWT({ ...claims })
    .setProtectedHeader({ alg })
    .setIssuer('rig-conductor')
    .setAudience('rig-conductor')
    .setSubject(`${namespace}/${task}`)
    .setExpirationTime('1h');
  return change(jwt).sign(await importJWK(key, alg));
}

test('a token comes back as the identity it was signed for, and holds until the deadline', async () => {
  const tokens = await TaskTokens.from(await keyOf());
  const expiresAt = later();
  const token = await tokens.sign(identity, 'rig-conductor', expiresAt);
  assert.deepEqual(await tokens.verify(token, ['rig-conductor']), identity);
  assert.equal(decodeJwt(token).exp, Math.floor(expiresAt / 1000));
});

test('a token for one service is refused by the other', async () => {
  const tokens = await TaskTokens.from(await keyOf());
  const token = await tokens.sign(identity, 'rig-proxy', later());
  await refused(tokens.verify(token, ['rig-conductor']));
  assert.deepEqual(await tokens.verify(token, ['rig-conductor', 'rig-proxy']), identity);
});

test('an expired token is refused', async () => {
  const tokens = await TaskTokens.from(await keyOf());
  await refused(tokens.verify(await tokens.sign(identity, 'rig-conductor', Date.now() - 1_000), ['rig-conductor']));
});

test('a token of another key, another issuer, without subject, or not signed at all is refused', async () => {
  const key = await keyOf();
  const tokens = await TaskTokens.from(key);
  assert.deepEqual(await tokens.verify(await forged(key, (jwt) => jwt), ['rig-conductor']), identity);
  await refused(tokens.verify(await forged(await keyOf(), (jwt) => jwt), ['rig-conductor']));
  await refused(tokens.verify(await forged(key, (jwt) => jwt.setIssuer('rig-proxy')), ['rig-conductor']));
  await refused(tokens.verify(await forged(key, (jwt) => jwt.setSubject('tenant-a')), ['rig-conductor']));
  const { namespace, task, ...claims } = identity;
  const unsigned = new UnsecuredJWT(claims)
    .setIssuer('rig-conductor')
    .setAudience('rig-conductor')
    .setSubject(`${namespace}/${task}`)
    .setExpirationTime('1h')
    .encode();
  await refused(tokens.verify(unsigned, ['rig-conductor']));
  await refused(tokens.verify('', ['rig-conductor']));
});

test('the public key taken for a shared secret signs nothing', async () => {
  const key = await keyOf();
  const tokens = await TaskTokens.from(key);
  const [published] = tokens.jwks().keys;
  const secret: JWK = { kty: 'oct', k: published!.x! };
  await refused(tokens.verify(await forged(secret, (jwt) => jwt, 'HS256'), ['rig-conductor']));
});

test('the published keys verify a token and hold no private part', async () => {
  const tokens = await TaskTokens.from(await keyOf());
  const { keys } = tokens.jwks();
  assert.deepEqual(Object.keys(keys[0]!).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  const token = await tokens.sign(identity, 'rig-proxy', later());
  const { protectedHeader } = await jwtVerify(token, await importJWK(keys[0]!, 'EdDSA'), { audience: 'rig-proxy' });
  assert.equal(protectedHeader.kid, keys[0]!.kid);
});

test('two replicas that make the key at the same time share one', async () => {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  const [one, two] = await Promise.all([TaskTokens.load(client, 'rig-system'), TaskTokens.load(client, 'rig-system')]);
  assert.deepEqual(one.jwks(), two.jwks());
  assert.equal((await client.list(SECRETS)).items.length, 1);
  const token = await one.sign(identity, 'rig-conductor', later());
  assert.deepEqual(await two.verify(token, ['rig-conductor']), identity);
  assert.deepEqual((await TaskTokens.load(client, 'rig-system')).jwks(), one.jwks());
});
