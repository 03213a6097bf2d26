import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addTokens, NO_TOKENS, readMessageUsage, UsageTap } from './usage.ts';

const sse = (...events: object[]) =>
  Buffer.from(events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join(''));
const start = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    model: 'm-1',
    usage: { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 7, cache_creation_input_tokens: 3 },
  },
};
const delta = (usage: object) => ({ type: 'message_delta', delta: {}, usage });
const answer = { id: 'msg_1', model: 'm-1', tokens: { input: 10, output: 25, cacheRead: 7, cacheWrite: 3 } };

test('each message_delta replaces the counts of message_start instead of adding to them', () => {
  const tap = new UsageTap();
  tap.push(sse(start, { type: 'content_block_delta', delta: { text: 'é' } }, delta({ output_tokens: 20 })));
  tap.push(sse(delta({ output_tokens: 25 })));
  assert.deepEqual(tap.usage, answer);
});

test('the usage is the same wherever the stream is cut into chunks', () => {
  const bytes = sse(start, { type: 'content_block_delta', delta: { text: 'ünï' } }, delta({ output_tokens: 25 }));
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
      const tap = new UsageTap();
      const points = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      for (let i = 1; i < points.length; i++) tap.push(bytes.subarray(points[i - 1], points[i]));
      assert.deepEqual(tap.usage, answer);
    }),
  );
});

test('a stream that says nothing of usage has none', () => {
  const tap = new UsageTap();
  tap.push(Buffer.from('data: {"type":"ping"}\n\ndata: not json "message_\n\n'));
  assert.equal(tap.usage, undefined);
});

test('a line of megabytes is skipped and the next one is still read', () => {
  const tap = new UsageTap();
  tap.push(Buffer.from(`data: "${'x'.repeat(1_100_000)}`));
  tap.push(Buffer.from('yyy"\n\n'));
  tap.push(sse(start, delta({ output_tokens: 25 })));
  assert.deepEqual(tap.usage, answer);
});

test('a whole message gives its usage, anything else none', () => {
  assert.deepEqual(readMessageUsage({ type: 'message', id: 'a', model: 'm', usage: { output_tokens: 2 } }), {
    id: 'a',
    model: 'm',
    tokens: { ...NO_TOKENS, output: 2 },
  });
  assert.equal(readMessageUsage({ type: 'error' }), undefined);
});

test('tokens add up by kind', () => {
  const one = { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 };
  assert.deepEqual(addTokens(one, one), { input: 2, output: 4, cacheRead: 6, cacheWrite: 8 });
});
