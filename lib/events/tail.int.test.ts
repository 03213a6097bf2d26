import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createPool, type Pool } from '#lib/db';
import { testDatabase } from '../../test/kit/postgres.ts';
import {
  EventStore,
  type EventTypes,
  isEventsError,
  migrations,
  type NewEvent,
  START,
  Tail,
  type TailOptions,
} from './index.ts';

type Said = { type: string; data: { n: number } };
const data = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
const types: EventTypes = { SAID: { schema: 1, data } };
const said = (n: number, type = 'SAID'): NewEvent<Said> => ({
  type,
  data: { n },
  meta: { actor: { kind: 'controller', name: 'test' } },
});

/** A database with a table `seen` into which {@link recorder} writes what it is handed, in order. */
async function setUp(t: TestContext) {
  const { pool, url } = await testDatabase(t, { migrations: [migrations], ownServer: true });
  await pool.query(
    'CREATE TABLE seen (n bigint GENERATED ALWAYS AS IDENTITY, stream uuid, version int, UNIQUE (stream, version))',
  );
  const store = new EventStore<Said>({ db: pool, types });
  return { pool, url, store, stream: randomUUID() };
}

const record: TailOptions<Said>['handle'] = async (tx, { stream, version }) => {
  await tx.query('INSERT INTO seen (stream, version) VALUES ($1, $2)', [stream, version]);
};

async function seen(pool: Pool, stream?: string): Promise<number[]> {
  const { rows } = await pool.query('SELECT version FROM seen WHERE $1::uuid IS NULL OR stream = $1 ORDER BY n', [
    stream ?? null,
  ]);
  return rows.map(({ version }) => version);
}

/** A transaction that has its id already and is still open. */
async function openTransaction(t: TestContext, pool: Pool) {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
  await client.query('SELECT pg_current_xact_id()');
  let open = true;
  const end = async (how: 'COMMIT' | 'ROLLBACK') => {
    if (!open) return;
    open = false;
    await client.query(how);
    client.release();
  };
  t.after(() => end('ROLLBACK'));
  return { client, end };
}

test('a tail hands over every event once, in order, and goes on from its cursor in another process', async (t) => {
  const { store, pool, stream } = await setUp(t);
  await store.append(pool, stream, 0, [said(1), said(2), said(3)]);
  assert.equal(await new Tail({ store, name: 'seen', handle: record, batch: 2 }).catchUp(), 3);
  await store.append(pool, stream, 3, [said(4)]);
  assert.equal(await new Tail({ store, name: 'seen', handle: record }).catchUp(), 1);
  assert.deepEqual(await seen(pool), [1, 2, 3, 4]);
});

test('an event of a transaction that commits late is not missed, which a tail by pos alone would do', async (t) => {
  const { store, pool, stream } = await setUp(t);
  const tail = new Tail({ store, name: 'seen', handle: record });
  const late = await openTransaction(t, pool);
  const lateStream = randomUUID();
  await store.append(late.client, lateStream, 0, [said(1)]);
  await store.append(pool, stream, 0, [said(2)]);
  const naive = async (after: number) =>
    (await pool.query('SELECT stream, pos FROM events WHERE pos > $1 ORDER BY pos', [after])).rows as {
      stream: string;
      pos: number;
    }[];
  const first = await naive(0);
  await tail.catchUp();
  await late.end('COMMIT');
  const second = await naive(first.at(-1)!.pos);
  await tail.catchUp();
  assert.deepEqual(
    [...first, ...second].map((event) => event.stream),
    [stream],
    'the naive tail lost the late one',
  );
  assert.deepEqual([await seen(pool, stream), await seen(pool, lateStream)], [[1], [1]]);
});

test('a transaction with an early id that appends late: version 5 is applied before 6, whatever the batch', async (t) => {
  for (const batch of [1, 2, 100]) {
    const { store, pool, stream } = await setUp(t);
    const early = await openTransaction(t, pool);
    await store.append(pool, stream, 0, [said(1), said(2), said(3), said(4)]);
    await store.append(pool, stream, 4, [said(5)]);
    await store.append(early.client, stream, 5, [said(6)]);
    await early.end('COMMIT');
    await store.append(pool, stream, 6, [said(7)]);
    const { rows } = await pool.query('SELECT version FROM events ORDER BY txid, pos');
    assert.deepEqual(
      rows.map(({ version }) => version),
      [6, 1, 2, 3, 4, 5, 7],
      'the inversion is there',
    );
    await new Tail({ store, name: 'seen', handle: record, batch }).catchUp();
    assert.deepEqual(await seen(pool), [1, 2, 3, 4, 5, 6, 7]);
  }
});

test('a successor waits while its predecessor is not settled, and both come once it is', async (t) => {
  const { store, pool, stream } = await setUp(t);
  const tail = new Tail({ store, name: 'seen', handle: record });
  const early = await openTransaction(t, pool);
  const between = await openTransaction(t, pool);
  await store.append(pool, stream, 0, [said(1)]);
  await store.append(early.client, stream, 1, [said(2)]);
  await early.end('COMMIT');
  assert.equal(await tail.catchUp(), 0);
  assert.deepEqual(await tail.cursor(), START);
  await between.end('ROLLBACK');
  await tail.catchUp();
  assert.deepEqual(await seen(pool), [1, 2]);
});

test('what a handler wrote is gone when it fails, and the cursor stays before the event', async (t) => {
  const { store, pool, stream } = await setUp(t);
  await store.append(pool, stream, 0, [said(1), said(2)]);
  const broken = new Tail<Said>({
    store,
    name: 'seen',
    handle: async (tx, event) => {
      await record(tx, event);
      if (event.version === 2) throw new Error('broken');
    },
  });
  await assert.rejects(broken.catchUp(), /broken/);
  assert.deepEqual([await seen(pool), await broken.cursor()], [[], START]);
});

test('a running tail gets those before a failing event through, says what fails, and goes on when it is mended', async (t) => {
  const { store, pool, stream } = await setUp(t);
  let mended = false;
  let failures = 0;
  const failing = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const tail = new Tail<Said>({
    store,
    name: 'seen',
    handle: async (tx, event) => {
      if (event.version === 2 && !mended) {
        failures += (await seen(pool)).length;
        if (failures === 2) failing.resolve();
        throw new Error('broken');
      }
      await record(tx, event);
      if (event.version === 3) done.resolve();
    },
    clock: { now: () => 0, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5))) },
  });
  await store.append(pool, stream, 0, [said(1), said(2), said(3)]);
  tail.start();
  t.after(() => tail.stop());
  await failing.promise;
  assert.equal((await tail.status()).error?.message, 'broken');
  mended = true;
  await done.promise;
  await tail.stop();
  assert.deepEqual(await seen(pool), [1, 2, 3]);
});

test('a running tail sees an append of its own process long before it would poll', async (t) => {
  const { store, pool, stream } = await setUp(t);
  const arrived = Promise.withResolvers<void>();
  const handle = async () => arrived.resolve();
  const tail = new Tail<Said>({ store, name: 'seen', handle, pollMs: 3_600_000 });
  tail.start();
  await store.append(pool, stream, 0, [said(1)]);
  await arrived.promise;
  await tail.stop();
});

test('a stream with an event of a newer release is left behind and told, the others go on, and the newer release takes it up', async (t) => {
  const { store, pool, stream } = await setUp(t);
  const newer = new EventStore<Said>({ db: pool, types: { ...types, SHOUTED: { schema: 1, data } } });
  const other = randomUUID();
  await newer.append(pool, stream, 0, [said(1), said(2, 'SHOUTED'), said(3)]);
  await store.append(pool, other, 0, [said(1)]);
  const old = new Tail({ store, name: 'seen', handle: record });
  await old.catchUp();
  await newer.append(pool, stream, 3, [said(4)]);
  await old.catchUp();
  assert.deepEqual([await seen(pool, stream), await seen(pool, other)], [[1], [1]]);
  const { stalls } = await old.status();
  assert.deepEqual(
    stalls.map(({ since: _, ...stall }) => stall),
    [{ stream, version: 2, reason: 'NewerEvent', type: 'SHOUTED', schema: 1 }],
  );
  const renewed = new Tail({ store: newer, name: 'seen', handle: record });
  await renewed.catchUp();
  await newer.append(pool, stream, 4, [said(5)]);
  await renewed.catchUp();
  assert.deepEqual(await seen(pool, stream), [1, 2, 3, 4, 5]);
  assert.deepEqual((await renewed.status()).stalls, []);
});

test('a stream that lost a version is left behind, not applied with a hole', async (t) => {
  const { store, pool, stream } = await setUp(t);
  await store.append(pool, stream, 0, [said(1), said(2), said(3)]);
  await pool.query('DELETE FROM events WHERE version = 2');
  const tail = new Tail({ store, name: 'seen', handle: record });
  await tail.catchUp();
  assert.deepEqual(await seen(pool), [1]);
  assert.deepEqual(
    (await tail.status()).stalls.map(({ version, reason }) => [version, reason]),
    [[3, 'VersionGap']],
  );
});

test('many writers, slow transactions and two processes on one tail: every event once, every stream in order', async (t) => {
  const { pool, url } = await setUp(t);
  const pools = [1, 2].map(() => createPool(url, { applicationName: 'rig-test', schema: 'rig', max: 10 }));
  t.after(() => Promise.all(pools.map((other) => other.end())));
  const stores = pools.map((db) => new EventStore<Said>({ db, types }));
  const job = fc.record({ stream: fc.nat(4), process: fc.nat(1), takesIdEarly: fc.boolean(), holdMs: fc.nat(8) });
  const jobs = fc.array(job, { minLength: 20, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(jobs, fc.integer({ min: 1, max: 10 }), async (todo, batch) => {
      await pool.query('TRUNCATE events, seen, tails CASCADE');
      const streams = Array.from({ length: 5 }, () => randomUUID());
      const tails = stores.map((store) => new Tail<Said>({ store, name: 'seen', handle: record, batch, pollMs: 10 }));
      for (const tail of tails) tail.start();
      const write = async ({ stream, process, takesIdEarly, holdMs }: (typeof todo)[number]): Promise<void> => {
        const store = stores[process]!;
        const attempt = pools[process]!.transaction(async (tx) => {
          if (takesIdEarly) await tx.query('SELECT pg_current_xact_id(), pg_sleep($1)', [holdMs / 1_000]);
          await store.append(tx, streams[stream]!, await store.version(streams[stream]!, tx), [said(0)]);
          if (!takesIdEarly) await tx.query('SELECT pg_sleep($1)', [holdMs / 1_000]);
        });
        await attempt.catch((error: unknown) =>
          isEventsError(error, 'Concurrency')
            ? write({ stream, process, takesIdEarly, holdMs })
            : Promise.reject(error),
        );
      };
      const queue = [...todo];
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) await write(next);
        }),
      );
      while ((await seen(pool)).length < todo.length) await Promise.all(tails.map((tail) => tail.step()));
      await Promise.all(tails.map((tail) => tail.stop()));
      for (const stream of streams) {
        const versions = await seen(pool, stream);
        assert.deepEqual(
          versions,
          versions.map((_, index) => index + 1),
        );
      }
      assert.equal((await seen(pool)).length, todo.length);
    }),
    { numRuns: 8 },
  );
});
