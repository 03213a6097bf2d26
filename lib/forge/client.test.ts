import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, scripted, socketFailure } from './doubles.ts';
import { ForgeError } from './error.ts';
import { createForge } from './github.ts';

const TOKEN = 'ghp_0123456789abcdefABCDEF';
const repo = { owner: 'ada', name: 'engine' };
const SHA = 'a'.repeat(40);

function forgeWith(...steps: Parameters<typeof scripted>) {
  const { fetch, asked } = scripted(...steps);
  const baseURL = 'http://forge.test/api/v3';
  const forge = createForge({ baseURL, token: TOKEN, fetch, writeIntervalMs: 0, retryDelayMs: 1, timeoutMs: 60 });
  return { forge, asked };
}

async function failure(promise: Promise<unknown>): Promise<ForgeError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ForgeError, `not a ForgeError: ${error}`);
  return error;
}

const writeCases = [
  ['500', json({ message: 'boom' }, 500), 'Unavailable', 'unknown'],
  ['502 without JSON', new Response('<html>', { status: 502 }), 'Unavailable', 'unknown'],
  ['501', json({ message: 'issues/create' }, 501), 'NotImplemented', 'definite'],
  ['401', json({ message: 'Bad credentials' }, 401), 'Unauthorized', 'definite'],
  ['403', json({ message: 'no' }, 403), 'Forbidden', 'definite'],
  ['404', json({ message: 'Not Found' }, 404), 'NotFound', 'definite'],
  ['410', json({ message: 'gone' }, 410), 'NotFound', 'definite'],
  ['409', json({ message: 'clash' }, 409), 'Conflict', 'definite'],
  ['422', json({ message: 'Validation Failed' }, 422), 'Validation', 'definite'],
  ['422 already exists', json({ message: 'A pull request already exists for x' }, 422), 'Conflict', 'definite'],
  ['429', json({ message: 'slow' }, 429, { 'retry-after': '7' }), 'RateLimited', 'definite'],
  ['201 with garbage', new Response('{', { status: 201 }), 'Malformed', 'unknown'],
  ['201 without the essential part', json({ id: 1 }, 201), 'Malformed', 'unknown'],
  ['a redirect', new Response(null, { status: 307, headers: { location: '/x' } }), 'NotFound', 'definite'],
  ['a refused connection', socketFailure('ECONNREFUSED'), 'Unavailable', 'definite'],
  ['an unknown host', socketFailure('ENOTFOUND'), 'Unavailable', 'definite'],
  ['a cut connection', socketFailure('ECONNRESET'), 'Unavailable', 'unknown'],
  ['a closed socket', socketFailure('UND_ERR_SOCKET'), 'Unavailable', 'unknown'],
] as const;

for (const [name, step, code, outcome] of writeCases)
  test(`a write answered with ${name} is sent once and fails as ${code}, outcome ${outcome}`, async () => {
    const { forge, asked } = forgeWith(step);
    const error = await failure(forge.createIssue(repo, { title: 't', body: 'b' }));
    assert.deepEqual([error.code, error.outcome, asked.length], [code, outcome, 1]);
  });

test('a write that gets no answer in time is sent once and its outcome is unknown', async () => {
  const silent: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
  let calls = 0;
  const fetch: typeof globalThis.fetch = (...args) => {
    calls++;
    return silent(...args);
  };
  const forge = createForge({ baseURL: 'http://forge.test', token: TOKEN, fetch, timeoutMs: 20, writeIntervalMs: 0 });
  const alive = setTimeout(() => undefined, 5_000);
  const error = await failure(forge.comment(repo, 1, 'x'));
  clearTimeout(alive);
  assert.deepEqual([error.code, error.outcome, calls], ['Timeout', 'unknown', 1]);
});

test('a GraphQL mutation answered with a server failure is sent once and its outcome is unknown', async () => {
  const { forge, asked } = forgeWith(json({ message: 'boom' }, 503));
  const error = await failure(forge.resolveThread('T_1'));
  assert.deepEqual([error.code, error.outcome, asked.length], ['Unavailable', 'unknown', 1]);
  assert.equal(asked[0]?.url, 'http://forge.test/api/graphql');
});

test('a read is tried again after 500 and after a cut connection, and then succeeds', async () => {
  const { forge, asked } = forgeWith(
    json({}, 500),
    socketFailure('ECONNRESET'),
    json({ id: 7, login: 'ada', type: 'User' }),
  );
  assert.deepEqual(await forge.whoami(), { id: 7, login: 'ada', kind: 'user' });
  assert.equal(asked.length, 3);
});

test('a read gives up after two repeats with outcome definite', async () => {
  const { forge, asked } = forgeWith(json({ message: 'boom' }, 500));
  const error = await failure(forge.issue(repo, 1));
  assert.deepEqual([error.code, error.outcome, error.status, asked.length], ['Unavailable', 'definite', 500, 3]);
});

test('a GraphQL read at GitHub itself over a refused connection is Unavailable', async () => {
  const { fetch } = scripted(socketFailure('ECONNREFUSED'));
  const forge = createForge({ baseURL: 'https://api.github.com', token: TOKEN, fetch, retryDelayMs: 1 });
  assert.equal((await failure(forge.pullRequest(repo, 1))).code, 'Unavailable');
});

test('a 404 is not asked for twice', async () => {
  const { forge, asked } = forgeWith(json({ message: 'Not Found' }, 404));
  assert.equal((await failure(forge.issue(repo, 1))).code, 'NotFound');
  assert.equal(asked.length, 1);
});

test('a used-up rate limit is RateLimited with the time until its reset, and is not waited for', async () => {
  const reset = String(Math.floor(Date.now() / 1000) + 600);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
  const { forge, asked } = forgeWith(json({ message: 'API rate limit exceeded' }, 403, headers));
  const error = await failure(forge.issue(repo, 1));
  assert.equal(error.code, 'RateLimited');
  assert.ok((error.retryAfterMs ?? 0) > 590_000 && (error.retryAfterMs ?? 0) <= 600_000);
  assert.equal(asked.length, 1);
});

test('a GraphQL rate limit inside a 200 is RateLimited', async () => {
  const body = { data: null, errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] };
  const { forge } = forgeWith(json(body, 200, { 'retry-after': '30' }));
  const error = await failure(forge.thread('T_1'));
  assert.deepEqual([error.code, error.retryAfterMs], ['RateLimited', 30_000]);
});

test("the token is in no error's text, even where the forge sends it back", async () => {
  const { forge } = forgeWith(json({ message: `you sent ${TOKEN}` }, 422));
  const error = await failure(forge.createIssue(repo, { title: 't', body: 'b' }));
  assert.match(error.message, /you sent \[redacted\]/);
  assert.ok(!JSON.stringify([error, error.stack, error.cause]).includes(TOKEN));
});

test('a function as token is asked again for every request', async () => {
  const tokens = ['one', 'two'];
  const { fetch, asked } = scripted(json({ id: 7, login: 'ada' }), json({ message: 'x' }, 404));
  const forge = createForge({ baseURL: 'http://forge.test', token: () => tokens.shift() ?? 'none', fetch });
  await forge.whoami();
  await failure(forge.issue(repo, 1));
  assert.deepEqual(
    asked.map((one) => one.authorization),
    ['token one', 'token two'],
  );
});

test('a name that would climb to another operation is refused before anything is sent', async () => {
  const { forge, asked } = forgeWith(json({}));
  for (const call of [
    () => forge.repository({ owner: '..', name: 'x' }),
    () => forge.fileAt(repo, SHA, '../../user'),
    () => forge.branchSHA(repo, 'a/../b'),
    () => forge.permission(repo, 'x/y'),
    () => forge.issue(repo, -1),
  ])
    assert.equal((await failure((async () => call())())).code, 'Validation');
  assert.equal(asked.length, 0);
});

test('onAnswer is told of every attempt with what is left of the limit', async () => {
  const told: unknown[] = [];
  const limits = { 'x-ratelimit-remaining': '41', 'x-ratelimit-resource': 'core' };
  const { fetch } = scripted(json({}, 500), json({ id: 7, login: 'ada' }, 200, limits));
  const forge = createForge({
    baseURL: 'http://forge.test',
    token: 't',
    fetch,
    retryDelayMs: 1,
    onAnswer: (a) => told.push(a),
  });
  await forge.whoami();
  assert.deepEqual(told, [
    { method: 'GET', status: 500, remaining: null, resource: null },
    { method: 'GET', status: 200, remaining: 41, resource: 'core' },
  ]);
});
