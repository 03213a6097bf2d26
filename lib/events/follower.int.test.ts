import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createPool, Listener } from '#lib/db';
import { testDatabase } from '../../test/kit/postgres.ts';
import { EVENTS_CHANNEL, EventStore, type EventTypes, Follower, migrations, type NewEvent } from './index.ts';

const types: EventTypes = { SAID: { schema: 1, data: { type: 'object' } } };
const said: NewEvent = { type: 'SAID', data: {}, meta: { actor: { kind: 'controller', name: 'test' } } };

/** Two processes over one database: the first follows, the second appends. */
async function setUp(t: TestContext, pollMs: number, before: (store: EventStore) => Promise<unknown> = async () => {}) {
  const ends: (() => Promise<unknown>)[] = [];
  // Registered first, so that nothing asks a database that is being dropped.
  t.after(async () => {
    for (const end of ends) await end();
  });
  const { pool, url } = await testDatabase(t, { migrations: [migrations], ownServer: true });
  const other = createPool(url, { applicationName: 'rig-other', schema: 'rig', max: 4 });
  const [mine, theirs] = [pool, other].map((db) => new EventStore({ db, types })) as [EventStore, EventStore];
  await before(theirs);
  const listener = new Listener(url, { applicationName: 'rig-test' });
  const told: string[] = [];
  const waiting = new Map<string, () => void>();
  let failures = 0;
  const follower = new Follower({
    store: mine,
    pollMs,
    wakeups: (wake) => listener.subscribe(EVENTS_CHANNEL, wake),
    onAppended: ({ stream, version }) => {
      if (failures-- > 0) throw new Error('not now');
      told.push(`${stream}@${version}`);
      waiting.get(`${stream}@${version}`)?.();
    },
  });
  const over = new AbortController();
  await follower.start(over.signal);
  const end = async () => {
    over.abort();
    await follower.idle();
  };
  ends.push(
    end,
    () => listener.close(),
    () => other.end(),
  );
  const heard = (event: string) =>
    told.includes(event) ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(event, resolve));
  const fail = () => {
    failures = 1;
  };
  return { theirs, told, heard, end, fail };
}

test('a follower hears what another process appended long before it would poll, and nothing from before its start', {
  timeout: 60_000,
}, async (t) => {
  const [old, fresh] = [randomUUID(), randomUUID()];
  const { theirs, told, heard } = await setUp(t, 3_600_000, (store) => store.append(store.db, old, 0, [said]));
  await theirs.append(theirs.db, fresh, 0, [said, said]);
  await heard(`${fresh}@2`);
  assert.deepEqual(told, [`${fresh}@1`, `${fresh}@2`]);
});

test('an event whose transaction was open when a follower started is told once it has committed', {
  timeout: 60_000,
}, async (t) => {
  const stream = randomUUID();
  const go = Promise.withResolvers<void>();
  let open: Promise<unknown> = Promise.resolve();
  const { heard } = await setUp(t, 20, async (store) => {
    const inserted = Promise.withResolvers<void>();
    open = store.db.transaction(async (tx) => {
      await store.append(tx, stream, 0, [said]);
      inserted.resolve();
      await go.promise;
    });
    await inserted.promise;
  });
  go.resolve();
  await open;
  await heard(`${stream}@1`);
});

test('an event that an older transaction kept back is told soon after that has ended, though nobody tells of its end', {
  timeout: 60_000,
}, async (t) => {
  const [held, stream] = [randomUUID(), randomUUID()];
  const go = Promise.withResolvers<void>();
  const older = Promise.withResolvers<void>();
  const { theirs, told, heard } = await setUp(t, 3_600_000);
  const open = theirs.db.transaction(async (tx) => {
    // It has a transaction id and appends nothing, so that its commit notifies nobody.
    await tx.query(`SELECT pg_current_xact_id(), $1::uuid`, [held]);
    older.resolve();
    await go.promise;
  });
  await older.promise;
  await theirs.append(theirs.db, stream, 0, [said]);
  await theirs.idle();
  assert.deepEqual(told, []);
  go.resolve();
  await open;
  await heard(`${stream}@1`);
});

test('an event that a follower could not pass on is told again, and none after its signal has aborted', {
  timeout: 60_000,
}, async (t) => {
  const { theirs, told, heard, fail, end } = await setUp(t, 20);
  const [first, late] = [randomUUID(), randomUUID()];
  fail();
  await theirs.append(theirs.db, first, 0, [said]);
  await heard(`${first}@1`);
  await end();
  await theirs.append(theirs.db, late, 0, [said]);
  assert.deepEqual(told, [`${first}@1`]);
});
