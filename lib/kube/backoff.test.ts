import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Backoff, backoffDelay } from './backoff.ts';

test('without jitter a delay doubles up to its limit', () => {
  const backoff = new Backoff({ baseMs: 100, maxMs: 1000, jitter: 0 });
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => backoff.next()),
    [100, 200, 400, 800, 1000, 1000],
  );
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

test('jitter only shortens a delay, by at most its share', () => {
  fc.assert(
    fc.property(
      fc.nat(2000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, jitter, dice) => {
        const full = Math.min(60_000, 50 * 2 ** Math.min(attempt, 50));
        const delay = backoffDelay(attempt, { baseMs: 50, maxMs: 60_000, jitter, random: () => dice });
        assert.ok(delay <= full && delay >= Math.floor(full * (1 - jitter)), `${delay} of ${full}`);
      },
    ),
  );
});
