import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { budget } from '../testing/slo.ts';
import { budgetState, burnRate, durationText, errorRatio, windowsOf } from './budget.ts';
import type { Events, Sample } from './facts.ts';

const HOUR = 3_600_000;
const value = (number: number): Sample => ({ known: true, value: number });
const events = (good: number, total: number): Events => ({ good: value(good), total: value(total) });
const all = (of: (window: number) => Events) => new Map(windowsOf(budget).map((window) => [window, of(window)]));
const number = (sample: Sample): number => {
  assert.ok(sample.known);
  return sample.value;
};

test('a budget is asked about over five minutes, half an hour, an hour, six hours and its own window', () => {
  assert.deepEqual(windowsOf(budget).map(durationText), ['5m', '30m', '1h', '6h', '30d']);
  assert.deepEqual(windowsOf({ window: 24 * HOUR }).map(durationText), ['5m', '30m', '1h', '6h', '1d']);
});

test('error ratio and burn rate are those of the worked example: 5 bad of 10,000 at three nines burn at half the rate', () => {
  assert.ok(Math.abs(number(errorRatio(events(9_995, 10_000))) - 0.000_5) < 1e-12);
  assert.ok(Math.abs(number(burnRate(events(9_995, 10_000), budget)) - 0.5) < 1e-9);
});

test('zero of zero events is no data and not zero errors', () => {
  assert.deepEqual(errorRatio(events(0, 0)), { known: false, problem: 'NoData', message: 'no events were counted.' });
});

test('good events that outrun all of them by rounding alone are all of them', () => {
  assert.equal(number(errorRatio(events(1_000.000_1, 1_000))), 0);
  assert.equal(errorRatio(events(1_000.01, 1_000)).known, false);
});

test('the fast alarm goes off at 14.4 times the rate of thirty days, and not below', () => {
  const at = (rate: number) =>
    budgetState(
      budget,
      all((window) => (window <= HOUR ? events(1 - 0.001 * rate, 1) : events(1, 1))),
    ).state;
  assert.equal(at(14.5), 'burning');
  assert.equal(at(14.3), 'held');
});

test('the slow alarm goes off at six times the rate over six hours', () => {
  const at = (rate: number) =>
    budgetState(
      budget,
      all((window) => (window < 7 * HOUR ? events(1 - 0.001 * rate, 1) : events(1, 1))),
    ).state;
  assert.deepEqual([at(6.1), at(5.9)], ['burning', 'held']);
});

test('a budget of one day burns when it goes faster than it lasts, whatever share of it an alarm names', () => {
  const day = { ...budget, window: 24 * HOUR };
  const windows = new Map(
    windowsOf(day).map((window) => [window, window === day.window ? events(1, 1) : events(0.999_1, 1)]),
  );
  assert.equal(budgetState(day, windows).state, 'held');
});

const sample: fc.Arbitrary<Sample> = fc.oneof(
  fc.oneof(fc.double({ min: 0, max: 2_000, noNaN: true }), fc.constantFrom(0, 1_000)).map(value),
  fc.constant<Sample>({ known: false, problem: 'NoData', message: 'there is no data.' }),
);

test('a budget is held only where every window has a number, events in it, and less than the whole budget gone', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ good: sample, total: sample }), { minLength: 5, maxLength: 5 }), (list) => {
      const windows = new Map(windowsOf(budget).map((window, at) => [window, list[at]!]));
      if (budgetState(budget, windows).state !== 'held') return;
      for (const { good, total } of windows.values()) {
        assert.ok(good.known && total.known && total.value > 0);
        assert.ok(good.value <= total.value * 1.000_001);
      }
      const whole = windows.get(budget.window)!;
      assert.ok((1 - number(whole.good) / number(whole.total)) / 0.001 < 1);
    }),
    { numRuns: 2_000 },
  );
});

test('taking an answer away never makes a budget be held', () => {
  const missing: Sample = { known: false, problem: 'Unreachable', message: 'Prometheus cannot be reached.' };
  fc.assert(
    fc.property(
      fc.array(fc.record({ good: sample, total: sample }), { minLength: 5, maxLength: 5 }),
      fc.nat(4),
      fc.constantFrom('good' as const, 'total' as const),
      (list, at, which) => {
        const windows = (entries: readonly Events[]) =>
          new Map(windowsOf(budget).map((window, n) => [window, entries[n]!]));
        const dark = list.map((one, n) => (n === at ? { ...one, [which]: missing } : one));
        assert.notEqual(budgetState(budget, windows(dark)).state, 'held');
      },
    ),
  );
});
