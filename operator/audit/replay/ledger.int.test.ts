import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLedgerPolicy } from '#domain';
import { deed } from '../../../domain/testing/ledger.ts';
import { type LedgerWorld, openLedger } from '../../ledger/ledger.int-kit.ts';
import { Moment } from './history.ts';
import { LedgerReplay } from './ledger.ts';

const policy = { ...defaultLedgerPolicy, streak: 3, settle: 0, maxPerDay: 100 };

async function differences({ pool, store }: LedgerWorld): Promise<string[]> {
  const moment = await Moment.open(pool);
  try {
    const replay = new LedgerReplay(await moment.ledger(), await moment.kinds());
    for await (const { stream, events } of moment.streams(store)) replay.take(stream, events);
    return replay.differences(policy).map(({ what, field }) => `${what} ${field}`);
  } finally {
    moment.close();
  }
}

test('the trust ledger is what a replay makes of the log, behind the log and after an export too, and a line changed by hand is named', async (t) => {
  const world = await openLedger(t);
  const streams: string[] = [];
  for (const issue of [1, 2, 3, 4]) streams.push(await world.tell(deed({ issue, mergedAt: 0 })));
  await world.service.settle();
  assert.deepEqual(await differences(world), []);
  await world.tell(deed({ issue: 5, mergedAt: 0 }));
  assert.deepEqual(await differences(world), [], 'what the ledger has not read is no difference');
  await world.service.settle();
  await world.pool.query('DELETE FROM events WHERE stream = $1', [streams[0]]);
  await world.pool.query('DELETE FROM subjects WHERE id = $1', [streams[0]]);
  assert.deepEqual(await differences(world), [], 'what was exported stays in the tables');
  await world.pool.query("UPDATE ledger SET ceiling = 'T2', streak = 7");
  assert.deepEqual(await differences(world), ['agent-a/docs/model-1 ceiling', 'agent-a/docs/model-1 streak']);
});
