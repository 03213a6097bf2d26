import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBounded } from './body.ts';
import { HttpError } from './problem.ts';

const post = (body: string, headers: Record<string, string> = {}) =>
  new Request('http://x/', { method: 'POST', body, headers });

test('a body of exactly the limit is read whole', async () => {
  assert.equal((await readBounded(post('12345'), 5)).toString(), '12345');
});

test('an undeclared body over the limit is refused with TooLarge before it is read to the end', async () => {
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (controller) => (pulled++ > 100 ? controller.close() : controller.enqueue(new Uint8Array(10))),
  });
  const request = new Request('http://x/', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
  await assert.rejects(
    readBounded(request, 25),
    (error: unknown) => error instanceof HttpError && error.status === 413,
  );
  assert.ok(pulled < 10);
});

test('a declared length over the limit is refused without reading', async () => {
  await assert.rejects(readBounded(post('x', { 'content-length': '99' }), 5), /larger than 5 bytes/);
});
