import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { testDatabase } from '../../test/kit/postgres.ts';
import { EventStore, ensureSubject, isEventsError, migrations, type NewEvent, START } from './index.ts';

type Counted = { type: 'COUNTED'; data: { n: number; text?: string } };
const types = {
  COUNTED: {
    schema: 1,
    data: { type: 'object', required: ['n'], properties: { n: { type: 'integer' }, text: { type: 'string' } } },
  },
};
const counted = (n: number, text?: string): NewEvent<Counted> => ({
  type: 'COUNTED',
  data: { n, text },
  meta: { actor: { kind: 'controller', name: 'test' } },
});

async function openStore(t: TestContext) {
  const { pool, url } = await testDatabase(t, { migrations: [migrations], ownServer: true });
  const store = new EventStore<Counted>({ db: pool, types });
  return { pool, url, store };
}

test('events come back as they were appended, numbered from 1', async (t) => {
  const { store } = await openStore(t);
  const stream = randomUUID();
  const stored = await store.append(store.db, stream, 0, [counted(1), counted(2)]);
  await store.append(store.db, stream, 2, [counted(3)]);
  const read = await store.read(stream);
  assert.deepEqual(
    read.map(({ version, data }) => [version, data.n]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  assert.deepEqual(read.slice(0, 2), stored);
  assert.ok(Math.abs(stored[0]!.at - Date.now()) < 60_000 && stored[0]!.txid > 0n);
  assert.deepEqual(
    (await store.read(stream, { after: 1, limit: 1 })).map(({ version }) => version),
    [2],
  );
  assert.deepEqual([await store.version(stream), await store.version(randomUUID())], [3, 0]);
});

test('an append at an old version, or beyond the end, is a Concurrency error and writes nothing', async (t) => {
  const { store } = await openStore(t);
  const stream = randomUUID();
  await store.append(store.db, stream, 0, [counted(1), counted(2)]);
  for (const version of [0, 1, 3])
    await assert.rejects(store.append(store.db, stream, version, [counted(9)]), { code: 'Concurrency' });
  assert.equal(await store.version(stream), 2);
});

test('a named stream begins only while its subject is there, and goes on without asking for it', async (t) => {
  const { store, pool } = await openStore(t);
  const { subject } = await ensureSubject(pool, { kind: 'Issue', namespace: 'team', name: 'one', uid: 'u1' });
  const named = { named: true };
  await store.append(pool, subject.id, 0, [counted(1)], named);
  await assert.rejects(store.append(pool, randomUUID(), 0, [counted(1)], named), { code: 'SubjectMissing' });
  await assert.rejects(store.append(pool, subject.id, 0, [counted(1)], named), { code: 'Concurrency' });
  await pool.query('DELETE FROM subjects');
  await store.append(pool, subject.id, 1, [counted(2)], named);
  assert.equal(await store.version(subject.id), 2);
});

test('events of an invalid append are not written, not even those that fit', async (t) => {
  const { store } = await openStore(t);
  const stream = randomUUID();
  const bad = { ...counted(2), data: { n: 'two' } } as unknown as NewEvent<Counted>;
  await assert.rejects(store.append(store.db, stream, 0, [counted(1), bad]), {
    code: 'InvalidEvent',
    message: 'COUNTED: data/n must be integer.',
  });
  assert.equal(await store.version(stream), 0);
});

test('an append in a transaction is gone with its rollback and told only after its commit', async (t) => {
  const { store, pool } = await openStore(t);
  const stream = randomUUID();
  let told = 0;
  store.onAppended(() => {
    told += 1;
  });
  const rolledBack = pool.transaction(async (tx) => {
    await store.append(tx, stream, 0, [counted(1)]);
    throw new Error('no');
  });
  await assert.rejects(rolledBack, /no/);
  assert.deepEqual([await store.version(stream), told], [0, 0]);
  await pool.transaction(async (tx) => {
    await store.append(tx, stream, 0, [counted(1)]);
    assert.equal(told, 0);
  });
  assert.deepEqual([await store.version(stream), told], [1, 1]);
});

test('hostile strings are stored without harm', async (t) => {
  const { store } = await openStore(t);
  const stream = randomUUID();
  const text = `a\0b\uD800'; DROP TABLE events; -- ${'x'.repeat(65_536)}\u0001`;
  await store.append(store.db, stream, 0, [counted(1, text)]);
  assert.equal(
    (await store.read(stream))[0]?.data.text,
    text.replaceAll('\0', '\uFFFD').replaceAll('\uD800', '\uFFFD'),
  );
});

test('a stored event of a newer schema or an unknown type is an error of its stream, never left out', async (t) => {
  const { store, pool } = await openStore(t);
  const stream = randomUUID();
  await store.append(store.db, stream, 0, [counted(1), counted(2)]);
  await pool.query('UPDATE events SET schema = 2 WHERE version = 2');
  await assert.rejects(store.read(stream), {
    code: 'NewerEvent',
    message: new RegExp(`^Stream ${stream} holds COUNTED in schema 2 at version 2`),
  });
  await assert.rejects(store.readAll({ afterCursor: START, limit: 10 }), { code: 'NewerEvent' });
  assert.equal((await store.read(stream, { limit: 1 })).length, 1);
});

test('the whole log is read in pieces, filtered by type, to its end', async (t) => {
  const { store } = await openStore(t);
  const streams = [randomUUID(), randomUUID(), randomUUID()];
  for (const stream of streams) await store.append(store.db, stream, 0, [counted(1), counted(2)]);
  const seen: string[] = [];
  let page = await store.readAll({ afterCursor: START, limit: 2 });
  for (; !page.end; page = await store.readAll({ afterCursor: page.cursor, limit: 2 }))
    seen.push(...page.events.map(({ stream, version }) => `${stream}@${version}`));
  assert.deepEqual(
    seen,
    streams.flatMap((stream) => [`${stream}@1`, `${stream}@2`]),
  );
  const none = await store.readAll({ afterCursor: START, limit: 10, types: [] });
  assert.deepEqual([none.events, none.end], [[], false]);
});

test('a stream that lost a version is refused as damaged', async (t) => {
  const { store, pool } = await openStore(t);
  const stream = randomUUID();
  await store.append(store.db, stream, 0, [counted(1), counted(2)]);
  await pool.query('DELETE FROM events WHERE version = 1');
  await assert.rejects(store.readAll({ afterCursor: START, limit: 10 }), { code: 'VersionGap' });
});

test('NOTIFY is sent once for many appends, and to other sessions', async (t) => {
  const { store, pool } = await openStore(t);
  const session = await pool.connect();
  let heard = 0;
  session.on('notification', () => {
    heard += 1;
  });
  await session.query('LISTEN rig_events');
  await Promise.all(Array.from({ length: 50 }, () => store.append(store.db, randomUUID(), 0, [counted(1)])));
  await store.idle();
  await session.query('SELECT 1');
  session.release(true);
  assert.ok(heard >= 1 && heard <= 25, `${heard} notifications for 50 appends`);
});

test('32 writers on few streams: every accepted append is there once, in its place, and nothing else', async (t) => {
  const { pool, store } = await openStore(t);
  const schedule = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 3 })), { minLength: 32, maxLength: 64 });
  await fc.assert(
    fc.asyncProperty(schedule, async (jobs) => {
      await pool.query('TRUNCATE events');
      const streams = Array.from({ length: 4 }, () => randomUUID());
      const accepted = new Map<string, number>();
      const write = async (streamIndex: number, count: number, job: number): Promise<void> => {
        const stream = streams[streamIndex]!;
        const events = Array.from({ length: count }, (_, i) => counted(job * 10 + i));
        for (;;) {
          const version = await store.version(stream);
          const stored = await store.append(store.db, stream, version, events).catch((error: unknown) => {
            if (isEventsError(error, 'Concurrency')) return undefined;
            throw error;
          });
          if (stored === undefined) continue;
          for (const event of stored) accepted.set(`${stream}@${event.version}`, event.data.n);
          return;
        }
      };
      const queue = jobs.map(
        ([stream, count], job) =>
          () =>
            write(stream, count, job),
      );
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job();
        }),
      );
      const all = (await Promise.all(streams.map((stream) => store.read(stream)))).flat();
      assert.equal(
        all.length,
        jobs.reduce((sum, [, count]) => sum + count, 0),
      );
      for (const event of all) assert.equal(accepted.get(`${event.stream}@${event.version}`), event.data.n);
      for (const stream of streams) {
        const versions = all.filter((event) => event.stream === stream).map(({ version }) => version);
        assert.deepEqual(
          versions,
          versions.map((_, index) => index + 1),
        );
      }
    }),
    { numRuns: 5 },
  );
});
