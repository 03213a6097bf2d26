import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '#domain';
import { transaction } from '#lib/db';
import { EventStore, type StoredEvent, Tail } from '#lib/events';
import { cause, edit, file, openLog } from '../store/store.int-kit.ts';
import { renumber } from './renumber.ts';

/** As after a restore into a server that has counted less far: rows keep the transaction ids of the old one. */
const AHEAD = `UPDATE events SET txid = (txid::text::bigint + 1000000000)::text::xid8`;

test('after a dump was restored into another server every follower goes on with what is appended next, each stream in its order', async (t) => {
  const world = await openLog(t);
  const { pool, log } = world;
  const seen: string[] = [];
  const handle = async (_: unknown, { stream, version }: StoredEvent) => void seen.push(`${stream}@${version}`);
  const store = new EventStore({ db: pool, types: catalogue });
  const tail = () => new Tail({ store, name: 'follower', handle });
  const one = await file(world, 'one');
  await tail().catchUp();
  const two = await file(world, 'two');
  await pool.query(AHEAD);
  await pool.query('UPDATE tails SET txid = (txid::text::bigint + 1000000000)::text::xid8');
  await log.append(one, cause, (state) => [edit(state)]);
  const before = seen.length;
  await tail().catchUp();
  assert.equal(seen.length, before, 'what follows is not met while the log names transactions to come');
  assert.equal(await transaction(pool, (tx) => renumber(tx)), true);
  await log.append(two, cause, (state) => [edit(state)]);
  await tail().catchUp();
  const met = new Set(seen);
  for (const event of [`${one.id}@1`, `${one.id}@2`, `${two.id}@1`, `${two.id}@2`]) assert.ok(met.has(event), event);
  for (const { id } of [one, two]) assert.ok(seen.indexOf(`${id}@1`) < seen.indexOf(`${id}@2`));
});

test('a log whose transactions all lie in the past is left as it is', async (t) => {
  const world = await openLog(t);
  await file(world, 'one');
  assert.equal(await transaction(world.pool, (tx) => renumber(tx)), false);
  const { rows } = await world.pool.query("SELECT count(*)::int AS n FROM events WHERE txid = '0'::xid8");
  assert.equal(rows[0].n, 0);
});
