import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { missingPredecessors, orderStreams, type Placed, planBatch, slot } from './order.ts';
import { compareCursors, START } from './types.ts';

const at = (stream: string, version: number, txid: number, pos = txid): Placed => ({
  stream,
  version,
  txid: BigInt(txid),
  pos,
});
const before = (event: Placed, settled: boolean) => ({ ...event, settled });

test('a batch whose streams begin in it is taken whole', () => {
  assert.deepEqual(planBatch([at('a', 1, 1), at('b', 1, 2), at('a', 2, 3)], [], START), {
    step: 'take',
    length: 3,
    gaps: new Map(),
  });
});

test('an event whose predecessor lies before the cursor is taken', () => {
  const plan = planBatch([at('a', 2, 9)], [before(at('a', 1, 4), true)], { txid: 5n, pos: 5 });
  assert.deepEqual(plan, { step: 'take', length: 1, gaps: new Map() });
});

test('a predecessor that settled behind the batch makes it read on to there', () => {
  const plan = planBatch([at('a', 6, 4)], [before(at('a', 5, 6), true)], START);
  assert.equal(plan.step, 'extend');
  assert.deepEqual(plan.step === 'extend' && [plan.to.txid, plan.to.pos], [6n, 6]);
});

test('a predecessor that is not settled yet cuts the batch before its successor', () => {
  const batch = [at('b', 1, 1), at('a', 6, 4), at('b', 2, 5)];
  assert.deepEqual(planBatch(batch, [before(at('a', 5, 6), false)], START), {
    step: 'take',
    length: 1,
    gaps: new Map(),
  });
});

test('a cut that takes away the predecessor of an earlier event moves before that event', () => {
  const batch = [at('b', 1, 1), at('c', 2, 2), at('a', 6, 4), at('c', 1, 5)];
  assert.deepEqual(planBatch(batch, [before(at('a', 5, 9), false)], START), {
    step: 'take',
    length: 1,
    gaps: new Map(),
  });
});

test('a version whose predecessor is nowhere is told as a gap', () => {
  assert.deepEqual(planBatch([at('a', 3, 1), at('a', 5, 2)], [], START), {
    step: 'take',
    length: 2,
    gaps: new Map([['a', 3]]),
  });
});

test('the inversion 4, 6, 5 is put in order', () => {
  const ordered = orderStreams([at('a', 4, 1), at('a', 6, 2), at('b', 1, 3), at('a', 5, 4)]);
  assert.deepEqual(
    ordered.map(({ stream, version }) => slot(stream, version)),
    ['a@4', 'b@1', 'a@5', 'a@6'],
  );
});

// A log in which every stream is complete and lies in any order; a reader that takes it piece by piece must see all of it, once, in order.
const logs = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 })
  .chain((lengths) => {
    const events = lengths.flatMap((length, stream) =>
      Array.from({ length }, (_, i) => ({ stream: `s${stream}`, version: i + 1 })),
    );
    return fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length });
  })
  .map((events) => events.map(({ stream, version }, index) => at(stream, version, index + 1)));

test('any interleaving read in any pieces with any horizon gives every event once and every stream in order', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 1, max: 7 }), fc.array(fc.nat(3)), (log, limit, growth) => {
      const seen: Placed[] = [];
      let cursor = START;
      let horizon = 0;
      for (let round = 0; seen.length < log.length; round += 1) {
        horizon = Math.min(log.length, horizon + (growth[round] ?? 1));
        const taken = readOnce(log, cursor, limit, horizon);
        seen.push(...taken.ordered);
        cursor = taken.cursor;
      }
      assert.equal(new Set(seen.map(({ stream, version }) => slot(stream, version))).size, log.length);
      for (const stream of new Set(log.map((event) => event.stream))) {
        const versions = seen.filter((event) => event.stream === stream).map(({ version }) => version);
        assert.deepEqual(
          versions,
          versions.toSorted((a, b) => a - b),
        );
      }
    }),
  );
});

function readOnce(log: readonly Placed[], cursor: { txid: bigint; pos: number }, limit: number, horizon: number) {
  const settled = (event: Placed) => event.pos <= horizon;
  let batch = log.filter((event) => compareCursors(event, cursor) > 0 && settled(event)).slice(0, limit);
  for (;;) {
    const wanted = new Set(missingPredecessors(batch).map(({ stream, version }) => slot(stream, version)));
    const found = log.filter((event) => wanted.has(slot(event.stream, event.version)));
    const plan = planBatch(
      batch,
      found.map((event) => before(event, settled(event))),
      cursor,
    );
    if (plan.step === 'take') {
      const taken = batch.slice(0, plan.length);
      return { ordered: orderStreams(taken), cursor: taken.at(-1) ?? cursor };
    }
    batch = log.filter((event) => compareCursors(event, cursor) > 0 && compareCursors(event, plan.to) <= 0);
  }
}
