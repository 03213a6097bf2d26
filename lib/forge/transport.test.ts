import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from './budget.ts';
import { json, scripted } from './doubles.ts';
import { ForgeError } from './error.ts';
import { transport } from './transport.ts';

const origin = 'https://forge.test';
const redirect = (location: string, status = 301) => new Response(null, { status, headers: { location } });
const through = (fetch: typeof globalThis.fetch, maxBytes = 1000) =>
  transport({ origin, timeoutMs: 5000, maxBytes, fetch, kind: 'read', budget: new Budget() });
const code = (expected: string) => (error: unknown) => error instanceof ForgeError && error.code === expected;

test('a GET follows a redirect on its own host', async () => {
  const { fetch, asked } = scripted(redirect('/repositories/7'), json({ ok: true }));
  const response = await through(fetch)(`${origin}/repos/a/b`);
  assert.deepEqual(await response.json(), { ok: true });
  assert.equal(asked[1]?.url, `${origin}/repositories/7`);
});

test('a redirect to another host is refused and the credential is not sent there', async () => {
  for (const elsewhere of ['https://evil.test/x', 'http://forge.test/x', '//evil.test/x', 'https://forge.test:8443/']) {
    const { fetch, asked } = scripted(redirect(elsewhere), json({}));
    await assert.rejects(through(fetch)(`${origin}/a`), code('Forbidden'));
    assert.equal(asked.length, 1);
  }
});

test('a request to another host, as a page link may ask for, is refused unsent', async () => {
  const { fetch, asked } = scripted(json({}));
  await assert.rejects(through(fetch)('https://evil.test/page/2'), code('Forbidden'));
  assert.equal(asked.length, 0);
});

test('a write follows no redirect and says that the repository moved', async () => {
  const { fetch, asked } = scripted(redirect('/repositories/7', 307), json({}));
  await assert.rejects(through(fetch)(`${origin}/a`, { method: 'POST' }), code('NotFound'));
  assert.equal(asked.length, 1);
});

test('the fourth redirect in a row is refused', async () => {
  const { fetch, asked } = scripted(redirect('/again'));
  await assert.rejects(through(fetch)(`${origin}/a`), code('Malformed'));
  assert.equal(asked.length, 4);
});

test('an answer of exactly the limit is read, one byte more is Malformed', async () => {
  const { fetch } = scripted(new Response('12345'));
  assert.equal(await (await through(fetch, 5)(`${origin}/a`)).text(), '12345');
  await assert.rejects(through(fetch, 4)(`${origin}/a`), code('Malformed'));
});

test('304 passes without a body', async () => {
  const { fetch } = scripted(new Response(null, { status: 304 }));
  assert.equal((await through(fetch)(`${origin}/a`)).status, 304);
});
