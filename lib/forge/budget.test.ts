import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from './budget.ts';
import { json, scripted } from './doubles.ts';
import { ForgeError } from './error.ts';
import { createForge } from './github.ts';

const repo = { owner: 'ada', name: 'engine' };
const START = Date.parse('2026-11-21T10:00:00Z');

function left(remaining: number, resource = 'core', reset = START / 1_000 + 600): Record<string, string> {
  return {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': resource,
  };
}

function setup(...steps: Parameters<typeof scripted>) {
  const clock = { now: START };
  const met: string[] = [];
  const budget = new Budget({ now: () => clock.now, onLimited: (limit) => met.push(limit) });
  const { fetch, asked } = scripted(...steps);
  const forge = () =>
    createForge({
      baseURL: 'http://forge.test',
      token: 'ghp_0123456789',
      fetch,
      budget,
      writeIntervalMs: 0,
      retryDelayMs: 1,
    });
  return { clock, met, budget, asked, forge };
}

async function limited(promise: Promise<unknown>): Promise<ForgeError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ForgeError && error.code === 'RateLimited' && error.outcome === 'definite', String(error));
  return error;
}

const user = (headers: Record<string, string>) => json({ id: 7, login: 'ada' }, 200, headers);
const comment = (headers: Record<string, string> = {}) =>
  json({ id: 1, user: { id: 7, login: 'ada' }, body: 'x', created_at: '2026-11-21T10:00:00Z' }, 201, headers);

test('calls used up: nothing more is sent by any client of the identity until the reset, and then again', async () => {
  const { clock, asked, forge, met } = setup(user(left(0)), user(left(4_999, 'core', START / 1_000 + 4_200)));
  await forge().whoami();
  const error = await limited(forge().whoami());
  assert.equal(error.message, "It waits for the forge's rate limit until 2026-11-21T10:10:00Z.");
  assert.equal(error.retryAfterMs, 600_000);
  await limited(forge().comment(repo, 1, 'x'));
  assert.equal(asked.length, 1);
  assert.deepEqual(met, ['primary', 'primary']);
  clock.now += 600_001;
  await forge().whoami();
  assert.equal(asked.length, 2);
});

test('near the end of the hour reads wait, and what is left is for writes', async () => {
  const { asked, forge, met } = setup(user(left(100)), comment(left(99)));
  await forge().whoami();
  await limited(forge().issue(repo, 1));
  await forge().comment(repo, 1, 'x');
  assert.deepEqual([asked.map(({ method }) => method), met], [['GET', 'POST'], ['reserve']]);
});

test('REST and GraphQL have limits of their own', async () => {
  const { budget } = setup();
  budget.told('graphql', 200, new Headers(left(0, 'graphql')), '');
  assert.equal(budget.limited('read', 'graphql')?.limit, 'primary');
  assert.equal(budget.limited('read', 'core'), null);
});

test('a forge that makes up limits of its own is not kept in mind for them', async () => {
  const { budget } = setup();
  for (let n = 0; n < 100; n += 1) budget.told('core', 200, new Headers(left(0, `made-up-${n}`)), '');
  for (let n = 0; n < 100; n += 1) assert.equal(budget.limited('read', `made-up-${n}`), null);
  budget.told('core', 200, new Headers(left(0)), '');
  assert.equal(budget.limited('read')?.limit, 'primary');
});

test('an answer that was overtaken does not give calls back', () => {
  const { budget } = setup();
  budget.told('core', 200, new Headers(left(0)), '');
  budget.told('core', 200, new Headers(left(3)), '');
  assert.equal(budget.limited('write')?.limit, 'primary');
});

test('a secondary limit holds reads and writes back for as long as the forge asks', async () => {
  const refused = json({ message: 'You have exceeded a secondary rate limit.' }, 403, { 'retry-after': '30' });
  const { clock, asked, forge, budget } = setup(refused, comment());
  assert.equal((await limited(forge().comment(repo, 1, 'x'))).retryAfterMs, 30_000);
  await limited(forge().comment(repo, 1, 'y'));
  await limited(forge().issue(repo, 1));
  assert.equal(asked.length, 1);
  assert.deepEqual(budget.waiting, { limit: 'secondary', until: START + 30_000 });
  clock.now += 30_000;
  await forge().comment(repo, 1, 'x');
  assert.equal(budget.waiting, null);
});

test('a secondary limit that names no time is waited for a minute, then two, then four', async () => {
  const { clock, forge, budget } = setup(json({ message: 'slow down' }, 429));
  for (const minutes of [1, 2, 4]) {
    await limited(forge().comment(repo, 1, 'x'));
    assert.equal(budget.waiting?.until, clock.now + minutes * 60_000);
    clock.now += minutes * 60_000;
  }
});

test('a refusal of the permission is no limit', async () => {
  const { forge, budget } = setup(json({ message: 'Must have admin rights' }, 403, left(4_000)));
  await assert.rejects(forge().issue(repo, 1), (error) => error instanceof ForgeError && error.code === 'Forbidden');
  assert.equal(budget.waiting, null);
});

test('what people write about a secondary rate limit is no limit; the errors of a GraphQL answer are', async () => {
  const quoted = json({ data: { node: { body: '"errors" "RATE_LIMITED" secondary rate limit' } } });
  const told = json({
    data: null,
    errors: [{ type: 'RATE_LIMITED', message: 'You have exceeded a secondary rate limit' }],
  });
  const { forge, budget } = setup(quoted, told);
  const met = [];
  for (let i = 0; i < 2; i++) {
    await forge()
      .thread('T_1')
      .catch(() => undefined);
    met.push(budget.waiting?.limit);
  }
  assert.deepEqual(met, [undefined, 'secondary']);
});

test('asking after the limits is free, also when nothing else may be asked', async () => {
  const rate = { limit: 5_000, remaining: 0, reset: START / 1_000 + 600 };
  const { forge } = setup(user(left(0)), json({ resources: { core: rate, graphql: rate } }));
  await forge().whoami();
  assert.equal((await forge().rateLimit()).rest.remaining, 0);
});
