import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSample } from './sample.ts';

const AT = 1_700_000_000_000;
const point = (text: string, seconds = AT / 1_000) => [seconds, text];
const body = (result: unknown, over: object = {}) =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result }, ...over });
const one = (text: string, seconds?: number) => body([{ metric: {}, value: point(text, seconds) }]);
const scalar = (result: unknown) => JSON.stringify({ status: 'success', data: { resultType: 'scalar', result } });

const numbers: readonly [string, string, number][] = [
  ['a vector of one sample', one('0.25'), 0.25],
  ['a scalar', scalar(point('3')), 3],
  ['a value in scientific notation', one('1.5e-05'), 0.000_015],
  ['a negative value', one('-1'), -1],
  ['an answer about a moment a little off, as some servers align it', one('1', AT / 1_000 - 59), 1],
  [
    'hints that are no warnings',
    body([{ metric: {}, value: point('1') }], { infos: ['metric might not be a counter'] }),
    1,
  ],
];
for (const [title, text, value] of numbers)
  test(`an answer of Prometheus with a number: ${title}`, () =>
    assert.deepEqual(readSample(text, AT), { known: true, value }));

const refusals: readonly [string, string, string][] = [
  ['no sample', body([]), 'NoData'],
  ['two series', body([{ value: point('1') }, { value: point('1') }]), 'SeveralSeries'],
  ['NaN', one('NaN'), 'NotANumber'],
  ['+Inf', one('+Inf'), 'NotANumber'],
  ['-Inf', one('-Inf'), 'NotANumber'],
  ['a number beyond every double', one('1e999'), 'NotANumber'],
  ['a hexadecimal number', one('0x10'), 'NotANumber'],
  ['an empty string', one(''), 'NotANumber'],
  ['a number with words behind it', one('1 of 2'), 'NotANumber'],
  ['a native histogram', body([{ metric: {}, histogram: point('1') }]), 'NotANumber'],
  ['another moment', one('1', AT / 1_000 - 61), 'Stale'],
  ['a moment that lies ahead', one('1', AT / 1_000 + 61), 'Stale'],
  ['a warning', body([{ value: point('1') }], { warnings: ['some stores are away'] }), 'Partial'],
  [
    'an error in the query',
    JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error' }),
    'Refused',
  ],
  ['a matrix', JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } }), 'Unreadable'],
  ['a string', JSON.stringify({ status: 'success', data: { resultType: 'string', result: point('1') } }), 'Unreadable'],
  ['a value that is a number of JSON', body([{ value: [AT / 1_000, 1] }]), 'Unreadable'],
  ['success without data', JSON.stringify({ status: 'success' }), 'Unreadable'],
  ['an array', '[]', 'Unreadable'],
  ['nothing', '', 'Unreadable'],
  ['HTML', '<html>1</html>', 'Unreadable'],
];
for (const [title, text, problem] of refusals)
  test(`an answer of Prometheus without one: ${title}`, () => {
    const sample = readSample(text, AT);
    assert.deepEqual([sample.known, sample.known ? null : sample.problem], [false, problem]);
    assert.match(sample.known ? '' : sample.message, /\.$/);
  });

test('whatever the body is, there is one finite number or a problem, and none of its words in the sentence', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.jsonValue().map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const sample = readSample(text, AT);
        assert.equal(sample.known, false);
      },
    ),
  );
  const secret = 'TOKEN-0123456789';
  const error = JSON.stringify({ status: 'error', errorType: secret, error: secret });
  for (const text of [error, secret, one(secret)]) assert.ok(!JSON.stringify(readSample(text, AT)).includes(secret));
});
