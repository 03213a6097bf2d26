import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { migrate } from '#lib/db';
import { silentLogger } from '#lib/observe';
import { cause, eventsOf, file, finished, openLog, queueUp } from '../store/store.int-kit.ts';
import { claimNext } from '../store/take.ts';
import { Outbox } from './outbox.ts';

const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 9 };
const MINUTE = 60_000;

async function open(t: TestContext) {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  await migrate(world.pool, {
    schema: 'proxy',
    component: 'proxy',
    directory: join(import.meta.dirname, '../../proxy/migrations'),
  });
  const subject = await file(world, 'one');
  await queueUp(world, subject, [agent.uid]);
  await claimNext(world.log, agent, world.leader, cause);
  const began = Date.now();
  /** A call of the proxy's, `seconds` after the story began. */
  const call = (seconds: number, change: { model?: string; asked?: string; task?: string } = {}) => {
    const tokens = { input: 10, output: 1, cacheRead: 2, cacheWrite: 3 };
    const { model = 'large', asked, task = 'one-implement-1-1' } = change;
    const payload = { namespace: 'team', task, agent: agent.name, model, asked, provider: 'anthropic', tokens };
    return world.pool.query(
      `INSERT INTO proxy.outbox (id, kind, payload, created_at) VALUES ($1, 'TOKENS_USED', $2, $3)`,
      [randomUUID(), JSON.stringify(payload), new Date(began + seconds * 1_000)],
    );
  };
  const outboxAt = (seconds: number, log = world.log) => new Outbox(log, silentLogger, () => began + seconds * 1_000);
  const used = async () =>
    (await eventsOf(world.pool, subject.id)).flatMap((event) => (event.type === 'TOKENS_USED' ? [event.data] : []));
  const left = async () => (await world.pool.query('SELECT FROM proxy.outbox WHERE taken_at IS NULL')).rowCount;
  return { world, subject, call, outboxAt, used, left };
}

test('what a task spent is one event per model and minute, of all calls since the first, and nothing before', async (t) => {
  const { call, outboxAt, used, left } = await open(t);
  for (const second of [0, 20, 40]) await call(second);
  await call(30, { model: 'small' });
  await outboxAt(59).drain();
  assert.deepEqual(await used(), []);
  await outboxAt(60).drain();
  assert.deepEqual(
    (await used()).map(({ model, requests, tokens }) => [model, requests, tokens]),
    [['large', 3, { input: 30, output: 3, cacheRead: 6, cacheWrite: 9 }]],
  );
  assert.equal(await left(), 1);
  await outboxAt(90).drain();
  await outboxAt(90).drain();
  const [first, second] = await used();
  assert.deepEqual([first?.task, first?.provider, first?.agent], ['one-implement-1-1', 'anthropic', 'dev-e']);
  assert.deepEqual([second?.model, second?.requests], ['small', 1]);
  assert.equal((await used()).length, 2);
});

test('what was asked for is told beside what answered, apart for each name, and calls that do not say it are told without', async (t) => {
  const { call, outboxAt, used, left } = await open(t);
  for (const asked of ['large-latest', 'large', undefined, 'large-latest']) await call(0, { ...(asked && { asked }) });
  await outboxAt(60).drain();
  const told = (await used()).map(({ asked = 'nothing', model, requests }) => `${asked} ${model} ${requests}`);
  assert.deepEqual(told.sort(), ['large large 1', 'large-latest large 2', 'nothing large 1']);
  assert.equal(await left(), 0);
});

test('at the end of a task its last calls are told at once', async (t) => {
  const { world, subject, call, outboxAt, used } = await open(t);
  await call(0);
  await world.log.append(subject, cause, (state) => [finished(state.task.work!)]);
  await outboxAt(1).drain();
  assert.equal((await used()).length, 1);
});

test('more calls of one minute than a look takes are still one event', async (t) => {
  const { world, call, outboxAt, used, left } = await open(t);
  await call(0);
  await world.pool.query(
    `INSERT INTO proxy.outbox (id, kind, payload, created_at)
     SELECT gen_random_uuid(), kind, payload, created_at FROM proxy.outbox, generate_series(1, 1200)`,
  );
  await outboxAt(60).drain();
  assert.deepEqual(
    (await used()).map(({ requests }) => requests),
    [1_201],
  );
  assert.equal(await left(), 0);
});

test('two leaders at once, over and over: every call is counted exactly once', async (t) => {
  const { world, call, outboxAt, used, left } = await open(t);
  const other = world.another();
  for (let round = 1; round <= 8; round += 1) {
    await Promise.all([0, 1, 2].map((second) => call(second, { model: `model-${second}` })));
    const at = MINUTE / 1_000 + 2;
    await Promise.all([outboxAt(at), outboxAt(at, other), outboxAt(at)].map((outbox) => outbox.drain()));
  }
  await outboxAt(120).drain();
  const requests = (await used()).reduce((sum, event) => sum + event.requests, 0);
  assert.deepEqual([requests, await left()], [24, 0]);
});

test('a crash before the commit leaves the call to be told, and then once', async (t) => {
  const { world, subject, call, outboxAt, used, left } = await open(t);
  await call(0);
  const crashing = Object.assign(Object.create(world.log), {
    pool: world.pool,
    retrying: <T>(once: () => Promise<T>) => world.log.retrying(once),
    load: world.log.load.bind(world.log),
    appendIn: async (...args: Parameters<typeof world.log.appendIn>) => {
      await world.log.appendIn(...args);
      throw new Error('killed');
    },
  });
  await outboxAt(60, crashing).drain();
  assert.deepEqual([await used(), await left()], [[], 1]);
  await outboxAt(60).drain();
  await outboxAt(60).drain();
  assert.deepEqual([(await used()).length, await left()], [1, 0]);
  assert.equal((await world.log.load(subject)).version, (await eventsOf(world.pool, subject.id)).length);
});

test('a call of a task nobody knows stays, and holds up no other', async (t) => {
  const { call, outboxAt, used, left } = await open(t);
  for (let i = 0; i < 3; i += 1) await call(-100, { task: `nobody-${i}` });
  await call(0);
  await outboxAt(60).drain();
  assert.deepEqual([(await used()).length, await left()], [1, 3]);
});

test('an outbox started after its term has ended does nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const reads = t.mock.fn();
  new Outbox({ pool: { query: reads } } as never, silentLogger).start(AbortSignal.abort());
  t.mock.timers.tick(10_000);
  assert.equal(reads.mock.callCount(), 0);
});
