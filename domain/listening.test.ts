import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KEPT_GAPS, type Listening, listeningFrom, REACH_MS, SHORT_MS, silentUntil } from './listening.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** Conductors that are up for a while and then away for a while, in seconds, each as the next one knows of it. */
function restarts(runs: readonly { up: number; away: number }[]) {
  let now = 1_000 * SECOND;
  let listening = listeningFrom(now, null);
  const up: { from: number; to: number }[] = [];
  for (const run of runs) {
    const until = now + run.up * SECOND;
    up.push({ from: now, to: until });
    now = until + run.away * SECOND;
    listening = listeningFrom(now, { listening, until });
  }
  return { listening, now, up };
}
const run = fc.record({ up: fc.integer({ min: 0, max: 400 }), away: fc.integer({ min: 0, max: 150 }) });
const isIn = (at: number, spans: readonly { from: number; to: number }[]) =>
  spans.some(({ from, to }) => from <= at && at < to);

test('a start within two minutes of the last sign of life goes on with it, and a later one begins anew', () => {
  const listening = { upSince: 5, gaps: [] };
  const until = 10 * MINUTE;
  const soon = until + SHORT_MS;
  assert.deepEqual(listeningFrom(soon, { listening, until }), { upSince: 5, gaps: [{ from: until, to: soon }] });
  for (const [now, last] of [
    [soon + 1, { listening, until }],
    [until - 1, { listening, until }],
    [soon, { listening: { upSince: until + 1, gaps: [] }, until }],
    [soon, null],
  ] as const)
    assert.deepEqual(listeningFrom(now, last), { upSince: now, gaps: [] });
});

test('however conductors come and go, no moment without one is taken for one with one', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 60 }), (runs) => {
      const { listening, now, up } = restarts(runs);
      assert.ok(listening.gaps.length <= KEPT_GAPS);
      for (let at = listening.upSince; at < now; at += SECOND)
        assert.equal(isIn(at, up), !isIn(at, listening.gaps), `at ${at}`);
    }),
  );
});

/** Counts second by second. */
function naive(seenAt: number, patience: number, { upSince, gaps }: Listening): number {
  let at = Math.max(seenAt, upSince);
  for (let heard = 0; heard < patience; at += SECOND) if (!isIn(at, gaps)) heard += SECOND;
  const last = gaps.at(-1);
  return last === undefined || last.to <= Math.max(seenAt, upSince) ? at : Math.max(at, last.to + REACH_MS);
}

test('silence is the time in which somebody could have been heard, and a minute after the last gap', () => {
  const asked = fc.record({ ago: fc.integer({ min: 0, max: 2_000 }), patience: fc.integer({ min: 1, max: 900 }) });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 40 }), asked, (runs, { ago, patience }) => {
      const { listening, now } = restarts(runs);
      const seenAt = now - ago * SECOND;
      const until = silentUntil(seenAt, patience * SECOND, listening);
      assert.equal(until, naive(seenAt, patience * SECOND, listening));
    }),
  );
});

test('conductors that restart every minute and a half, for hours, still hear who is silent', () => {
  const { listening, now } = restarts(Array.from({ length: 200 }, () => ({ up: 80, away: 10 })));
  assert.ok(now - listening.upSince >= 45 * MINUTE);
  assert.ok(silentUntil(now - 10 * MINUTE, 5 * MINUTE, listening) <= now + REACH_MS);
});
