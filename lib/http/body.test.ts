import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlight, readBounded, readJSON } from './body.ts';
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

test('bodies in flight share one bound: the one too many is 503 with Retry-After, and there is room again once another is let go', async () => {
  const inFlight = new InFlight(8);
  const first = inFlight.share();
  await readBounded(post('12345'), 5, { share: first });
  const refused = (error: unknown) =>
    error instanceof HttpError && error.status === 503 && error.retryAfterSeconds !== undefined;
  await assert.rejects(readBounded(post('12345'), 5, { share: inFlight.share() }), refused);
  first.release();
  first.release();
  await readBounded(post('12345'), 5, { share: inFlight.share() });
  await assert.rejects(readBounded(post('12345'), 5, { share: inFlight.share() }), refused);
  await assert.rejects(readBounded(post('1'), 5, { share: first }), refused, 'what was let go takes nothing more');
});

test('a body whose end does not come in time is 408', async () => {
  const stuck = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
  const request = new Request('http://x/', { method: 'POST', body: stuck, duplex: 'half' } as RequestInit);
  await assert.rejects(
    readBounded(request, 25, { withinMs: 1 }),
    (error: unknown) => error instanceof HttpError && error.status === 408,
  );
});

test('a body is read as JSON, and what is none, or none in UTF-8, is refused in one sentence', async () => {
  assert.deepEqual(await readJSON(post('{"a":[1]}'), 100), { a: [1] });
  for (const body of ['', '{', 'a', '{"a":1}{'])
    await assert.rejects(readJSON(post(body), 100), /^HttpError: The body is not JSON\.$/);
  const bytes = new Request('http://x/', { method: 'POST', body: new Uint8Array([0x22, 0xff, 0x22]) });
  await assert.rejects(readJSON(bytes, 100), /is not JSON/);
  await assert.rejects(readJSON(post('[1,2,3]'), 5), /larger than 5 bytes/);
});
