import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { summarise } from './statistics.ts';

test('the median of an odd number of samples is the one in the middle, whatever their order', () => {
  assert.deepEqual(summarise([30, 10, 20]), { n: 3, min: 10, median: 20, p95: 30, p99: 30, max: 30 });
});

test('the median of an even number of samples lies between the two in the middle', () => {
  assert.equal(summarise([1, 2, 4, 100]).median, 3);
});

test('one sample is its own minimum, median and maximum', () => {
  assert.deepEqual(summarise([7]), { n: 1, min: 7, median: 7, p95: 7, p99: 7, max: 7 });
});

test('the 95th percentile of 1 to 100 is 95, and of 20 samples the last but one', () => {
  assert.equal(summarise(Array.from({ length: 100 }, (_, index) => index + 1)).p95, 95);
  assert.equal(summarise(Array.from({ length: 20 }, (_, index) => index + 1)).p95, 19);
});

test('the 99th percentile of 1 to 200 is 198, and of fewer than 100 samples the last', () => {
  assert.equal(summarise(Array.from({ length: 200 }, (_, index) => index + 1)).p99, 198);
  assert.equal(summarise(Array.from({ length: 99 }, (_, index) => index + 1)).p99, 99);
});

test('samples sort as numbers, not as words', () => {
  assert.deepEqual(summarise([9, 10, 100]), { n: 3, min: 9, median: 10, p95: 100, p99: 100, max: 100 });
});

test('no samples, and a sample that is no number, are refused instead of looking fast', () => {
  assert.throws(() => summarise([]), RangeError);
  assert.throws(() => summarise([1, Number.NaN]), /not a measurement/);
});

test('half of all samples are at most the median and half at least, and the order of samples does not matter', () => {
  const samples = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(samples, (values) => {
      const { min, median, p95, max } = summarise(values);
      assert.ok(min <= median && median <= p95 + Number.EPSILON * Math.abs(p95) && p95 <= max);
      assert.ok(2 * values.filter((value) => value <= median).length >= values.length);
      assert.ok(2 * values.filter((value) => value >= median).length >= values.length);
      assert.deepEqual(summarise([...values].reverse()), summarise(values));
    }),
  );
});
