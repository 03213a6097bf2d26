import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ConductorError, taskTokenVerifier, whileLive } from '#lib/conductor';
import { Client, connectTo, echo, openWorld, refusal, serve } from './world.int-kit.ts';

const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
const other = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'EdDSA' }] });

interface Claims {
  readonly audience?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly expires?: string;
  readonly key?: typeof pair.privateKey;
  readonly claims?: object;
}

/** A token as the conductor signs it, but for what a test changes. */
function token({ audience = 'rig-egress', issuer = 'rig-conductor', subject = 'team/i7', ...rest }: Claims = {}) {
  const { expires = '10m', key = pair.privateKey, claims = { uid: 'u', fence: '1.7', agent: 'dev-e' } } = rest;
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setExpirationTime(expires)
    .sign(key);
}

async function open(t: TestContext) {
  const world = await openWorld(t, { verify: taskTokenVerifier(keys, 'rig-egress') });
  const port = await serve(t, echo());
  const target = `a.example:${port}`;
  world.allow = [target];
  const asked = (signed: string) => refusal(world, connectTo(target, `Proxy-Authorization: Bearer ${signed}\r\n`));
  return { world, target, asked };
}

test('a token of its task for egress is let through', async (t) => {
  const { world, target } = await open(t);
  const client = new Client(world, connectTo(target, `Proxy-Authorization: Bearer ${await token()}\r\n`));
  await client.hears(/ 200 /);
  client.socket.destroy();
});

test('a token that is expired, for another service, of another issuer or key, changed or unsigned is 407 and nothing is looked up', async (t) => {
  const { world, asked } = await open(t);
  const good = await token();
  const [head, body, signature] = good.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const bad = {
    expired: await token({ expires: '1s ago' }),
    'for the model': await token({ audience: 'rig-proxy' }),
    'for the API': await token({ audience: 'rig-conductor' }),
    'of another issuer': await token({ issuer: 'kubernetes/serviceaccount' }),
    'of another key': await token({ key: other.privateKey }),
    'for another task': [head, encoded({ ...claims, sub: 'team/i8' }), signature].join('.'),
    unsigned: `${encoded({ alg: 'none' })}.${body}.`,
    'without a task': await token({ subject: 'team' }),
    'with a path for a task': await token({ subject: 'team/i7/x' }),
    'without a fence': await token({ claims: { uid: 'u', agent: 'dev-e' } }),
  };
  for (const [why, signed] of Object.entries(bad)) assert.equal((await asked(signed))[0], 407, why);
  assert.deepEqual([world.looked, world.told], [[], []]);
});

test('a token whose fence is not the one of the live claim is told that the claim has ended', async () => {
  const ask = whileLive(async () => ({ live: true, fence: '1.8' }), { now: () => 0 });
  const caller = await taskTokenVerifier(keys, 'rig-egress')(await token());
  await assert.rejects(ask(caller), (error) => error instanceof ConductorError && error.code === 'DeadFence');
});
