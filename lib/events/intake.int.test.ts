import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/kit/postgres.ts';
import { transaction } from '../db/index.ts';
import {
  type Delivery,
  ensureSubject,
  findSubject,
  finishDelivery,
  migrations,
  postponeDelivery,
  pruneDeliveries,
  readSubject,
  storeDelivery,
  takeDeliveries,
} from './index.ts';

const delivery = (id: string, body = '{"a":1}'): Delivery => ({
  id,
  event: 'issues',
  headers: { 'x-github-event': 'issues' },
  body: Buffer.from(body),
  receivedAt: new Date('2026-01-01T00:00:00Z'),
});

test('a delivery is stored once, byte for byte, and its second arrival changes nothing', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  const bytes = Buffer.from([0, 255, 1, 0x7b]);
  assert.equal(await storeDelivery(pool, { ...delivery('a'), body: bytes }), 'stored');
  assert.equal(await storeDelivery(pool, delivery('a', 'other')), 'duplicate');
  assert.deepEqual(await takeDeliveries(pool, { limit: 10 }), [{ ...delivery('a'), body: bytes, attempts: 1 }]);
});

test('deliveries are handed out oldest first, to one taker each, and not again once finished', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  for (let i = 0; i < 40; i += 1) await storeDelivery(pool, delivery(`d${i}`));
  const taken = await Promise.all(Array.from({ length: 8 }, () => takeDeliveries(pool, { limit: 5 })));
  assert.equal(new Set(taken.flat().map(({ id }) => id)).size, 40);
  for (const lot of taken)
    assert.deepEqual(
      lot.map(({ id }) => Number(id.slice(1))),
      lot.map(({ id }) => Number(id.slice(1))).toSorted((a, b) => a - b),
    );
  assert.equal(await finishDelivery(pool, 'd0', 'applied', 'filed issue 7'), true);
  assert.equal(await finishDelivery(pool, 'd0', 'ignored', 'late'), false);
  assert.deepEqual(await takeDeliveries(pool, { limit: 50 }), []);
  const { rows } = await pool.query("SELECT outcome, detail FROM deliveries WHERE id = 'd0'");
  assert.deepEqual(rows, [{ outcome: 'applied', detail: 'filed issue 7' }]);
});

test('a delivery that its taker did not finish, or gave back, is handed out again', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  await storeDelivery(pool, delivery('a'));
  await storeDelivery(pool, delivery('b'));
  await takeDeliveries(pool, { limit: 1, leaseMs: 0 });
  assert.deepEqual(
    (await takeDeliveries(pool, { limit: 9 })).map(({ id, attempts }) => [id, attempts]),
    [
      ['a', 2],
      ['b', 1],
    ],
  );
  await postponeDelivery(pool, 'b', 0, 'the API server is away');
  assert.deepEqual(
    (await takeDeliveries(pool, { limit: 9 })).map(({ id, attempts }) => [id, attempts]),
    [['b', 2]],
  );
});

test('of old deliveries those that were applied or ignored are deleted, in batches; what failed, waits or is young stays', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  const outcomes = ['applied', 'failed', 'ignored', null, 'applied', 'applied', 'applied'] as const;
  for (const [index, outcome] of outcomes.entries()) {
    await storeDelivery(pool, delivery(`d${index}`));
    if (outcome !== null) await finishDelivery(pool, `d${index}`, outcome, 'Said.');
  }
  await pool.query("UPDATE deliveries SET finished_at = finished_at - interval '40 days' WHERE id <> 'd4'");
  await pool.query("UPDATE deliveries SET received_at = now() WHERE id = 'd6'");
  await storeDelivery(pool, { ...delivery('new'), receivedAt: new Date() });
  const before = new Date(Date.now() - 30 * 86_400_000);
  const deleted: number[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const batch = await pruneDeliveries(pool, { before, after, limit: 3 });
    deleted.push(batch.deleted);
    after = batch.next;
  }
  assert.deepEqual(deleted, [2, 1, 1]);
  const { rows } = await pool.query('SELECT id FROM deliveries ORDER BY seq');
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['d1', 'd3', 'd4', 'new'],
  );
  assert.equal(await storeDelivery(pool, delivery('d1')), 'duplicate');
});

const issue = { kind: 'Issue', namespace: 'team', name: 'site-7' };
const place = { host: 'github.com', repoId: 99, number: 7 };

test('a subject keeps its id while it gets its number, another name and another uid', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  const first = await ensureSubject(pool, { ...issue, uid: 'u1' });
  const numbered = await ensureSubject(pool, { ...issue, uid: 'u1', forge: place });
  const renewed = await ensureSubject(pool, { ...issue, name: 'web-7', uid: 'u2', forge: place });
  assert.deepEqual([first.minted, numbered.minted, renewed.minted], [true, false, false]);
  assert.deepEqual(new Set([first, numbered, renewed].map(({ subject }) => subject.id)).size, 1);
  assert.deepEqual(await readSubject(pool, first.subject.id), {
    id: first.subject.id,
    kind: 'Issue',
    namespace: 'team',
    name: 'web-7',
    uid: 'u2',
    forgeHost: 'github.com',
    forgeRepoId: 99,
    number: 7,
  });
  assert.match(first.subject.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

test('namespace, kind and number tell subjects apart', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  const refs = [
    { ...issue, forge: place },
    { ...issue, forge: { ...place, number: 8 } },
    { ...issue, namespace: 'other', forge: place },
    { ...issue, kind: 'Repository', forge: { host: 'github.com', repoId: 99 } },
  ];
  const minted = await Promise.all(refs.map((ref) => ensureSubject(pool, ref)));
  assert.equal(new Set(minted.map(({ subject }) => subject.id)).size, 4);
  assert.equal(await findSubject(pool, { ...issue, uid: 'nobody' }), undefined);
});

test('sixteen first sights at once mint one subject', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  const all = await Promise.all(
    Array.from({ length: 16 }, () => ensureSubject(pool, { ...issue, uid: 'u1', forge: place })),
  );
  assert.equal(new Set(all.map(({ subject }) => subject.id)).size, 1);
  assert.equal(all.filter(({ minted }) => minted).length, 1);
});

test('a uid and a place at the forge that belong to two subjects are a conflict', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  await ensureSubject(pool, { ...issue, uid: 'u1' });
  const placed = await ensureSubject(pool, { ...issue, forge: place });
  await assert.rejects(ensureSubject(pool, { ...issue, uid: 'u1', forge: place }), {
    code: 'SubjectConflict',
    message: /Issue team\/site-7/,
  });
  // An object made anew is that of the place: so a person puts it right.
  const { subject, minted } = await ensureSubject(pool, { ...issue, uid: 'u2', forge: place });
  assert.deepEqual([subject.id, minted], [placed.subject.id, false]);
});

test('deliveries are handed out by as many bytes as fit, oldest first, and one that is larger by itself', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  for (const [id, size] of [
    ['a', 9_000],
    ['b', 400],
    ['c', 500],
    ['d', 200],
  ] as const)
    await storeDelivery(pool, delivery(id, 'x'.repeat(size)));
  const taken: string[] = [];
  for (let lot = await take(); lot !== ''; lot = await take()) taken.push(lot);
  assert.deepEqual(taken, ['a', 'bc', 'd']);

  async function take(): Promise<string> {
    const lot = await takeDeliveries(pool, { limit: 9, maxBytes: 1_000 });
    return lot.map(({ id }) => id).join('');
  }
});

test('however many subjects a repository has, one of them is found without reading the others', async (t) => {
  const { pool } = await testDatabase(t, { migrations: [migrations] });
  await pool.query(
    `INSERT INTO subjects (id, kind, namespace, name, uid, forge_host, forge_repo_id, number)
     SELECT gen_random_uuid(), 'Issue', 'team', 'widgets-' || n, 'uid-' || n, 'forge', 1, n FROM generate_series(1, 5000) AS n`,
  );
  await pool.query('ANALYZE subjects');
  const ref = { kind: 'Issue', namespace: 'team', name: 'widgets-7' } as const;
  const forge = { host: 'forge', repoId: 1 };
  const found = await transaction(pool, async (tx) => {
    const all = [];
    for (const known of [{ uid: 'uid-7' }, { forge: { ...forge, number: 7 } }, { uid: 'uid-7', forge }, { forge }])
      all.push((await findSubject(tx, { ...ref, ...known }))?.name);
    await tx.query(`SELECT id FROM subjects WHERE kind = 'Issue' AND namespace = 'team' AND name = 'widgets-7'`);
    const { rows } = await tx.query(`SELECT seq_tup_read::int AS read, idx_tup_fetch::int AS fetched
      FROM pg_stat_xact_user_tables WHERE relid = 'subjects'::regclass`);
    return { all, ...rows[0] };
  });
  assert.deepEqual(found.all, ['widgets-7', 'widgets-7', 'widgets-7', undefined]);
  assert.equal(found.read, 0, 'rows read in order to find one');
  assert.ok(found.fetched <= 10, `${found.fetched} rows fetched`);
});
