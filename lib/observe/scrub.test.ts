import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { scrub } from './scrub.ts';

test('values under secret-looking keys are masked, their neighbours stay', () => {
  assert.deepEqual(scrub({ apiKey: 'abc', password: 'x', user: 'ada', tokens: 12 }), {
    apiKey: '[redacted]',
    password: '[redacted]',
    user: 'ada',
    tokens: 12,
  });
});

test('a forge token inside a sentence is masked', () => {
  assert.equal(scrub('clone with ghp_0123456789abcdefABCDEF failed'), 'clone with [redacted] failed');
});

test('credentials and query strings of a URL are masked', () => {
  assert.equal(scrub('GET https://ada:pw@host/x?code=1 now'), 'GET https://[redacted]@host/x?[redacted] now');
});

test('an error keeps its type, code and cause, scrubbed', () => {
  const error = Object.assign(new Error('no sk-0123456789abcdefgh', { cause: new Error('inner') }), { code: 'E1' });
  const out = scrub({ err: error }) as {
    err: { type: string; message: string; code: string; cause: { message: string } };
  };
  assert.equal(out.err.message, 'no [redacted]');
  assert.equal(out.err.code, 'E1');
  assert.equal(out.err.cause.message, 'inner');
});

test('a cycle ends at six levels instead of overflowing the stack', () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  assert.match(JSON.stringify(scrub(loop)), /\[deep\]/);
});

test('texts made to be slow to look through cost milliseconds, and what is too long for a line is cut', () => {
  for (const bait of [
    'http://',
    'http://a@',
    'a://',
    'Basic ',
    'token=',
    'eyJaaaaaaaa.',
    '-----BEGIN PRIVATE KEY-----',
  ]) {
    const spent = processorTime();
    const told = String(scrub(bait.repeat(1_000_000)));
    assert.ok(told.length <= 40_000, `${bait}: ${told.length}`);
    const took = spent();
    assert.ok(took < 2_000, `${bait}: ${took} ms`);
  }
});
