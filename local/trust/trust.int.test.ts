import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { openBundle, readTrust } from '#lib/attest';
import { listen } from '#lib/http';
import { signInWithBrowser, withCode } from '../../cli/approve/sign-in.ts';
import { startTrust } from './index.ts';
import { codeOf, person, pkce, post, SIGN_IN_CODE, scratch, signed, signedIn, started } from './trust.int-kit.ts';

const PAYLOAD = '{"says":"yes"}';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const redeem = (url: string, code: string, verifier: string, redirect = 'http://127.0.0.1:1/callback') =>
  post(`${url}/token`, { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier });
/** A program that answers as it likes where a provider is expected. */
async function startServer(
  t: TestContext,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<{ url: string }> {
  const server = await listen(
    new Hono().all('*', (context) => answer(context.req.raw)),
    { port: 0 },
  );
  t.after(() => server.close(100));
  return server;
}
const discoveryOf = (url: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}/token`,
});
const errorOf = async (answer: Response) => ((await answer.json()) as { error?: string }).error;

test('what the services sign verifies offline against the root that they tell', async (t) => {
  const trust = await started(t);
  const opened = openBundle(await signed(trust, PAYLOAD), readTrust(JSON.stringify(trust.root)));
  assert.equal(opened.payload, PAYLOAD);
  assert.deepEqual(opened.identity, { subject: person.email, issuer: trust.url });
  assert.equal(opened.workflow, false);
  assert.ok(Math.abs(opened.signedAt - Date.now()) < 60_000);
});

test('every entry of the log verifies against the tree as it was then, whatever its size', async (t) => {
  const trust = await started(t);
  const root = readTrust(JSON.stringify(trust.root));
  for (let entry = 0; entry < 9; entry += 1)
    assert.equal(openBundle(await signed(trust, PAYLOAD), root).payload, PAYLOAD);
});

test('the provider’s token is for who signed in, with the nonce and the time of a fresh sign-in', async (t) => {
  const { url } = await started(t);
  const token = await signedIn(url);
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${url}/keys`)), {
    issuer: url,
    audience: 'sigstore',
  });
  assert.equal(payload.email, person.email);
  assert.equal(payload.email_verified, true);
  assert.equal(payload.nonce, 'nonce-1');
  assert.ok(Math.abs(Number(payload.auth_time) - Date.now() / 1_000) < 60);
});

test('the page that asks to sign in says as whom, and shows no sign-in code', async (t) => {
  const { url } = await started(t);
  const answer = await fetch(`${url}/authorize?${new URLSearchParams(pkce({ state: '"><script>' }).words)}`);
  const text = await answer.text();
  assert.match(text, /ada@example\.com/);
  assert.doesNotMatch(text, /<script>/);
  assert.ok(!text.includes(SIGN_IN_CODE));
  assert.equal(answer.headers.get('x-frame-options'), 'DENY');
});

test('without the sign-in code nobody gets a code', async (t) => {
  const { url } = await started(t);
  for (const said of ['', 'guess', `${SIGN_IN_CODE}x`]) {
    const answer = await post(`${url}/authorize`, { ...pkce().words, sign_in_code: said });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get('location'), null);
  }
});

const unasked: [string, Record<string, string>][] = [
  ['another client', { client_id: 'other' }],
  ['a redirect off this machine', { redirect_uri: 'http://evil.io/' }],
  ['a redirect that only begins on this machine', { redirect_uri: 'http://127.0.0.1.evil.io/' }],
  ['a redirect with somebody else’s host behind a name', { redirect_uri: 'http://127.0.0.1@evil.io/' }],
  ['a redirect to another scheme', { redirect_uri: 'javascript:alert(1)' }],
  ['a token in the address', { response_type: 'token' }],
  ['a plain challenge', { code_challenge_method: 'plain' }],
  ['no challenge', { code_challenge: '' }],
];
for (const [title, change] of unasked) {
  test(`the provider refuses to sign in for ${title}`, async (t) => {
    const { url } = await started(t);
    const { words } = pkce(change);
    assert.equal((await fetch(`${url}/authorize?${new URLSearchParams(words)}`)).status, 400);
    assert.equal((await post(`${url}/authorize`, { ...words, sign_in_code: SIGN_IN_CODE })).status, 400);
  });
}

test('a code is good once, for who asked, and for a minute', async (t) => {
  let now = Date.now();
  const { url } = await started(t, { now: () => new Date(now) });
  const { verifier, words } = pkce();
  const fresh = () => codeOf(url, words);
  const once = await fresh();
  assert.equal((await redeem(url, once, verifier)).status, 200);
  assert.equal(await errorOf(await redeem(url, once, verifier)), 'invalid_grant');
  assert.equal(await errorOf(await redeem(url, await fresh(), pkce().verifier)), 'invalid_grant');
  assert.equal(await errorOf(await redeem(url, await fresh(), verifier, 'http://127.0.0.1:2/')), 'invalid_grant');
  const late = await fresh();
  now += 60_000;
  assert.equal(await errorOf(await redeem(url, late, verifier)), 'invalid_grant');
});

test('a device waits for its person, is told once, and runs out', async (t) => {
  let now = Date.now();
  const { url } = await started(t, { now: () => new Date(now) });
  const begin = async () =>
    (await (await post(`${url}/device/code`, { client_id: 'sigstore' })).json()) as Record<string, string>;
  const poll = (device: Record<string, string>) =>
    post(`${url}/token`, { grant_type: DEVICE_GRANT, device_code: device.device_code! });
  const device = await begin();
  assert.equal(await errorOf(await poll(device)), 'authorization_pending');
  const user = { user_code: device.user_code!.toLowerCase().replace('-', ' ') };
  assert.equal((await post(`${url}/device`, { ...user, sign_in_code: 'guess' })).status, 403);
  assert.equal(await errorOf(await poll(device)), 'authorization_pending');
  assert.equal((await post(`${url}/device`, { ...user, sign_in_code: SIGN_IN_CODE })).status, 200);
  const { id_token: token } = (await (await poll(device)).json()) as { id_token: string };
  assert.equal(decodeJwt(token).email, person.email);
  assert.equal(await errorOf(await poll(device)), 'invalid_grant');
  const late = await begin();
  now += 600_000;
  assert.equal((await post(`${url}/device`, { user_code: late.user_code!, sign_in_code: SIGN_IN_CODE })).status, 403);
  assert.equal(await errorOf(await poll(late)), 'expired_token');
});

test('a certificate takes a token of this provider that has not run out, and the key that it is for', async (t) => {
  let now = Date.now();
  const [mine, other] = [await started(t, { now: () => new Date(now) }), await started(t)];
  const token = await signedIn(mine.url);
  const ask = async (bearer: string, body: object) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${mine.url}/api/v2/signingCert`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return answer.status;
  };
  const unproven = { publicKeyRequest: { publicKey: { content: 'no key' }, proofOfPossession: '' } };
  assert.equal(await ask(token, unproven), 400);
  assert.equal(await ask(token, {}), 400);
  assert.equal(await ask(await signedIn(other.url), unproven), 401);
  now += 301_000;
  assert.equal(await ask(token, unproven), 401);
});

test('the log takes only what its verifier has signed, and the timestamp authority only a sha256', async (t) => {
  const { url } = await started(t);
  const send = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  };
  const envelope = JSON.stringify({ payload: 'e30=', payloadType: 'x', signatures: [{ sig: 'AAAA' }] });
  const proposed = (content: object) => ({ apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent: content } });
  assert.equal(await send('/api/v1/log/entries', proposed({ envelope, verifiers: ['bm8ga2V5'] })), 400);
  assert.equal(await send('/api/v1/log/entries', proposed({ envelope: '{', verifiers: ['bm8ga2V5'] })), 400);
  assert.equal(await send('/api/v1/log/entries', { kind: 'intoto' }), 400);
  assert.equal(await send('/api/v1/timestamp', { artifactHash: 'AAAA', hashAlgorithm: 'sha256' }), 400);
  assert.equal((await fetch(`${url}/api/v1/timestamp`, { method: 'POST', body: 'no request' })).status, 400);
});

test('the log takes nothing of whoever has no certificate of this machine that is valid now', async (t) => {
  let now = Date.now();
  const [mine, other] = [await started(t, { now: () => new Date(now) }), await started(t)];
  const own = JSON.parse(await signed(mine, PAYLOAD));
  const [theirs, keys] = [JSON.parse(await signed(other, PAYLOAD)), generateKeyPairSync('ec', { namedCurve: 'P-256' })];
  const certificate = ({ verificationMaterial }: { verificationMaterial: { certificate: { rawBytes: string } } }) =>
    `-----BEGIN CERTIFICATE-----\n${verificationMaterial.certificate.rawBytes}\n-----END CERTIFICATE-----\n`;
  const send = async (bundle: { dsseEnvelope: object }, verifier: string) => {
    const { dsseEnvelope: envelope } = bundle;
    const verifiers = [Buffer.from(verifier).toString('base64')];
    const proposedContent = { envelope: JSON.stringify(envelope), verifiers };
    const body = JSON.stringify({ apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent } });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${mine.url}/api/v1/log/entries`, { method: 'POST', headers, body })).status;
  };
  assert.equal(await send(own, certificate(own)), 201);
  assert.equal(await send(theirs, certificate(theirs)), 400);
  assert.equal(await send(own, String(keys.publicKey.export({ format: 'pem', type: 'spki' }))), 400);
  now += 601_000;
  assert.equal(await send(own, certificate(own)), 400);
});

test('the page for a device types nothing for who follows a link to it, and says who should close it', async (t) => {
  const { url } = await started(t);
  const device = (await (await post(`${url}/device/code`, { client_id: 'sigstore' })).json()) as Record<string, string>;
  assert.equal(device.verification_uri_complete, undefined);
  const text = await (await fetch(`${url}/device?user_code=${device.user_code}`)).text();
  assert.ok(!text.includes(device.user_code!));
  assert.match(text, /Only if you have just started to sign something yourself/);
});

test('a sign-in that was begun is not pushed out by a thousand others', async (t) => {
  const { url } = await started(t);
  const begin = async () =>
    (await (await post(`${url}/device/code`, { client_id: 'sigstore' })).json()) as Record<string, string>;
  const mine = await begin();
  for (let other = 0; other < 1_000; other += 1) await begin();
  assert.equal((await post(`${url}/device`, { user_code: mine.user_code!, sign_in_code: SIGN_IN_CODE })).status, 200);
});

test('with the sign-in code a program signs in without telling it, and a proof is good for the sign-in that it was made for', async (t) => {
  const { url } = await started(t);
  const seen: Record<string, string>[] = [];
  const issuer = await startServer(t, async (request) => {
    const path = new URL(request.url).pathname;
    const body = new URLSearchParams(await request.clone().text());
    if (path === '/authorize') seen.push(Object.fromEntries(body));
    return path.startsWith('/.well-known')
      ? Response.json(discoveryOf(issuer.url))
      : new Response(null, { status: 403 });
  });
  await assert.rejects(
    signInWithBrowser(issuer.url, withCode(SIGN_IN_CODE, issuer.url)),
    /does not take the sign-in code/,
  );
  assert.equal(seen.length, 1);
  assert.ok(!JSON.stringify(seen).includes(SIGN_IN_CODE));
  assert.equal((await post(`${url}/authorize`, seen[0]!)).status, 403);
  const token = await signInWithBrowser(url, withCode(SIGN_IN_CODE, url));
  assert.equal(decodeJwt(token).email, person.email);
});

test('a provider whose pages are elsewhere is told nothing that the sign-in code makes', async (t) => {
  const { url } = await started(t);
  const issuer = await startServer(t, () => Response.json({ ...discoveryOf(url), issuer: issuer.url }));
  await assert.rejects(signInWithBrowser(issuer.url, withCode(SIGN_IN_CODE, issuer.url)), /its pages are at/);
});

test('the keys are private to their owner, are never replaced, and a damaged file is said so', async (t) => {
  const dataDir = await scratch(t);
  await started(t, { dataDir });
  const file = join(dataDir, 'keys.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const before = await readFile(file, 'utf8');
  await writeFile(file, '{}');
  const options = { dataDir, person, signInCode: SIGN_IN_CODE, codeFile: '/code' };
  await assert.rejects(startTrust(options), { name: 'TrustError', code: 'Unreadable' });
  assert.equal(await readFile(file, 'utf8'), '{}');
  await writeFile(file, before);
});

test('a line of the log that a crash cut short was promised to nobody, and spoils none that follows', async (t) => {
  const dataDir = await scratch(t);
  await started(t, { dataDir });
  await appendFile(join(dataDir, 'log.jsonl'), '{"body":"cut sho');
  const trust = await started(t, { dataDir });
  await signed(trust, PAYLOAD);
  const again = await started(t, { dataDir });
  assert.equal(openBundle(await signed(again, PAYLOAD), readTrust(JSON.stringify(again.root))).payload, PAYLOAD);
});
