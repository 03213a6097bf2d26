import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { ConductorClient, type ConductorClientOptions, ConductorError } from './index.ts';

const TASK = { namespace: 'team-a', task: 'i7-implement-1' };
const ROOT = '/v1/namespaces/team-a/tasks/i7-implement-1';

function client(app: Hono, options: Partial<ConductorClientOptions> = {}) {
  const pauses: number[] = [];
  const sleep = async (ms: number) => void pauses.push(ms);
  const conductor = new ConductorClient({
    url: 'http://conductor/',
    fetch: (request) => app.fetch(request),
    sleep,
    random: () => 0,
    ...options,
  });
  return { conductor, task: conductor.forTask(TASK, () => 'task-token'), pauses };
}

const code = (expected: string) => (error: unknown) => error instanceof ConductorError && error.code === expected;

test('exchange sends the pod token as bearer and returns a token for each service', async () => {
  const app = new Hono();
  app.post(`${ROOT}/token`, (c) =>
    c.json({
      tokens: { conductor: `c-${c.req.header('authorization')}`, proxy: 'p', egress: 'e' },
      expiresAt: '2026-01-01T00:00:00Z',
    }),
  );
  const answer = await client(app).conductor.exchange('pod-token', 'team-a', 'i7-implement-1');
  assert.equal(answer.tokens.conductor, 'c-Bearer pod-token');
});

test('a 503 is tried again with growing pauses until it answers', async () => {
  let asked = 0;
  const app = new Hono();
  app.get(`${ROOT}/fence`, (c) => (++asked < 3 ? c.body(null, 503) : c.json({ live: true, fence: '1.2' })));
  const { conductor, pauses } = client(app);
  assert.deepEqual(await conductor.fence('t', 'team-a', 'i7-implement-1'), { live: true, fence: '1.2' });
  assert.deepEqual(pauses, [250, 500]);
});

test('an unreachable conductor ends with Unavailable after the last attempt', async () => {
  const app = new Hono();
  const { task, pauses } = client(app, { fetch: () => Promise.reject(new TypeError('refused')), attempts: 3 });
  await assert.rejects(task.heartbeat(), code('Unavailable'));
  assert.equal(pauses.length, 2);
});

test('409 with reason DeadFence is DeadFence, another 409 is Conflict, and neither is repeated', async () => {
  let asked = 0;
  const app = new Hono();
  app.post(`${ROOT}/heartbeat`, (c) => c.json({ reason: ++asked === 1 ? 'DeadFence' : 'Other', detail: 'No.' }, 409));
  const { task, pauses } = client(app);
  await assert.rejects(task.heartbeat(), code('DeadFence'));
  await assert.rejects(task.heartbeat(), code('Conflict'));
  assert.deepEqual(pauses, []);
});

test('401, 403, 404, 422 and 501 are told apart and never repeated', async () => {
  const app = new Hono();
  let status = 0;
  let asked = 0;
  app.post(`${ROOT}/heartbeat`, (c) => {
    asked++;
    return c.json({ reason: 'Why', detail: 'A sentence.' }, status as 401);
  });
  const expected = { 401: 'Unauthenticated', 403: 'Forbidden', 404: 'NotFound', 422: 'Refused', 501: 'Refused' };
  for (const [given, wanted] of Object.entries(expected)) {
    status = Number(given);
    await assert.rejects(client(app).task.heartbeat(), (error: unknown) => {
      assert.ok(error instanceof ConductorError);
      assert.deepEqual([error.code, error.reason, error.status], [wanted, 'Why', status]);
      return /A sentence\./.test(error.message);
    });
  }
  assert.equal(asked, 5);
});

test('a request that does not fit the contract is refused before it is sent', async () => {
  const { task } = client(new Hono(), { fetch: () => assert.fail('sent') });
  await assert.rejects(task.verdict({ verdict: 'approve', body: '', comments: [] }), code('BadRequest'));
  await assert.rejects(task.report([]), code('BadRequest'));
});

test('an answer that does not fit the contract is BadResponse and says where', async () => {
  const app = new Hono();
  app.post(`${ROOT}/heartbeat`, (c) => c.json({ deadline: 'x', cancel: 'no' }));
  await assert.rejects(
    client(app).task.heartbeat(),
    /heartbeat: the conductor's answer .* at \/cancel: must be boolean/,
  );
});

test('events are accepted with an empty answer', async () => {
  const app = new Hono();
  const seen: unknown[] = [];
  app.post(`${ROOT}/events`, async (c) => {
    seen.push(await c.req.json());
    return c.body(null, 204);
  });
  await client(app).task.report([{ id: 'started', type: 'WORK_STARTED', data: { model: 'm' } }]);
  assert.deepEqual(seen, [{ events: [{ id: 'started', type: 'WORK_STARTED', data: { model: 'm' } }] }]);
});

test('an aborted signal ends a call at once with its own reason', async () => {
  const stop = new AbortController();
  const { task } = client(new Hono(), {
    signal: stop.signal,
    fetch: () => {
      stop.abort(new Error('stopping'));
      return Promise.reject(new TypeError('cut'));
    },
  });
  await assert.rejects(task.heartbeat(), /^Error: stopping$/);
});
