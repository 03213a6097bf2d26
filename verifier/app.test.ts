import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { noMetrics, silentLogger } from '#lib/observe';
import { createApp } from './app.ts';

function setUp(secret: string | null = 'secret', missing: string[] = []) {
  const hints: string[] = [];
  const app = createApp({
    ready: () => missing,
    webhookSecret: async () => secret,
    hint: (owner, name, again) => hints.push([`${owner}/${name}`, ...(again === undefined ? [] : [again])].join(' ')),
    logger: silentLogger,
    metrics: noMetrics,
  });
  const deliver = (body: string, signed = 'secret') =>
    app.request('/webhooks/github', {
      method: 'POST',
      body,
      headers: { 'x-hub-signature-256': `sha256=${createHmac('sha256', signed).update(body).digest('hex')}` },
    });
  return { app, hints, deliver };
}

test('a signed delivery makes the verifier look at its repository, and says nothing else', async () => {
  const { hints, deliver } = setUp();
  assert.equal((await deliver('{"repository":{"full_name":"acme/widgets"}}')).status, 202);
  for (const body of ['no JSON', '{}', '{"repository":{"full_name":"a/b/c"}}', '{"repository":{"full_name":7}}', '[]'])
    assert.equal((await deliver(body)).status, 202, body);
  assert.deepEqual(hints, ['acme/widgets']);
});

test('who presses Re-run at the forge has the verifier look at that head anew, and at none otherwise', async () => {
  const { hints, deliver } = setUp();
  const repository = { full_name: 'acme/widgets' };
  for (const said of [
    { action: 'rerequested', check_run: { head_sha: 'one' } },
    { action: 'rerequested', check_suite: { head_sha: 'two' } },
    { action: 'created', check_run: { head_sha: 'three' } },
    { action: 'rerequested', check_run: { head_sha: 4 } },
    { action: 'rerequested' },
  ])
    await deliver(JSON.stringify({ repository, ...said }));
  assert.deepEqual(hints, ['acme/widgets one', 'acme/widgets two', ...Array(3).fill('acme/widgets')]);
});

test('more deliveries at once than there is room for are told to come again, before anybody knows who sent them', async () => {
  const { hints, deliver } = setUp();
  const body = JSON.stringify({ repository: { full_name: 'acme/widgets' }, padding: 'x'.repeat(20 * 1_048_576) });
  const statuses = (await Promise.all([1, 2, 3, 4].map(() => deliver(body, 'guessed')))).map(({ status }) => status);
  assert.ok(statuses.includes(503), statuses.join());
  assert.equal((await deliver(body)).status, 202);
  assert.deepEqual(hints, ['acme/widgets']);
});

test('a delivery that the forge did not sign is refused, and so is each where there is no secret', async () => {
  const { hints, deliver } = setUp();
  const body = '{"repository":{"full_name":"acme/widgets"}}';
  assert.equal((await deliver(body, 'guessed')).status, 401);
  assert.equal((await setUp(null).deliver(body)).status, 404);
  assert.equal((await setUp('').deliver(body, '')).status, 401);
  assert.deepEqual(hints, []);
});

test('the verifier is alive before it is ready, and says what it waits for', async () => {
  const { app } = setUp('secret', ['the cache of Issue is not filled']);
  assert.equal((await app.request('/healthz')).status, 200);
  const ready = await app.request('/readyz');
  assert.deepEqual([ready.status, await ready.text()], [503, 'the cache of Issue is not filled']);
  assert.equal((await setUp().app.request('/readyz')).status, 200);
});
