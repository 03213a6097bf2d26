import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, settle } from './fake-clock.ts';
import { WorkQueue } from './queue.ts';

const backoff = { baseMs: 100, maxMs: 1000, jitter: 0 };

function setUp() {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, backoff }) };
}

test('a key added twice before work is handed out once', async () => {
  const { queue } = setUp();
  queue.add('a');
  queue.add('a');
  assert.equal(await queue.get(), 'a');
  assert.equal(queue.length, 0);
});

test('a key added while it is processed comes again after done, not before', async () => {
  const { queue } = setUp();
  queue.add('a');
  await queue.get();
  queue.add('a');
  assert.equal(queue.length, 0);
  queue.done('a');
  assert.equal(await queue.get(), 'a');
});

test('a thousand adds during one run are one more run', async () => {
  const { queue } = setUp();
  queue.add('a');
  await queue.get();
  for (let n = 0; n < 1000; n++) queue.add('a');
  queue.done('a');
  await queue.get();
  queue.done('a');
  assert.equal(queue.length, 0);
});

test('a waiting worker gets the key as soon as it is added', async () => {
  const { queue } = setUp();
  const got = queue.get();
  queue.add('a');
  assert.equal(await got, 'a');
});

test('addAfter of nothing to a waiting worker hands the key out once', async () => {
  const { queue, clock } = setUp();
  const got = queue.get();
  queue.addAfter('a', 0);
  assert.equal(await got, 'a');
  queue.done('a');
  clock.turn(1000);
  assert.equal(queue.length, 0);
});

test('addAfter hands out at its time; the earliest time counts', async () => {
  const { queue, clock } = setUp();
  queue.addAfter('a', 500);
  queue.addAfter('a', 200);
  queue.addAfter('a', 900);
  clock.turn(199);
  assert.equal(queue.length, 0);
  clock.turn(1);
  assert.equal(queue.length, 1);
  clock.turn(1000);
  assert.equal(queue.length, 1);
  assert.equal(queue.delayed, 0);
});

test('a failing key backs off alone and starts over after forget', () => {
  const { queue, clock } = setUp();
  assert.deepEqual([queue.addRateLimited('bad'), clock.turn(100), queue.failures('bad')], [100, undefined, 1]);
  queue.add('good');
  assert.equal(queue.length, 2);
  assert.equal(queue.addRateLimited('bad'), 200);
  queue.forget('bad');
  assert.equal(queue.addRateLimited('bad'), 100);
});

test('a poison key does not keep others waiting: ready keys go in the order they became ready', async () => {
  const { queue, clock } = setUp();
  queue.addRateLimited('poison');
  for (const key of ['a', 'b']) queue.add(key);
  clock.turn(100);
  queue.add('c');
  const order = [await queue.get(), await queue.get(), await queue.get(), await queue.get()];
  assert.deepEqual(order, ['a', 'b', 'poison', 'c']);
});

test('drain resolves when the last running key is done, and hands out nothing more', async () => {
  const { queue, clock } = setUp();
  queue.add('a');
  queue.add('b');
  queue.addAfter('c', 10);
  await queue.get();
  const idle = queue.get();
  assert.equal(await idle, 'b');
  const waiting = queue.get();
  let drained = false;
  const drain = queue.drain().then(() => {
    drained = true;
  });
  assert.equal(await waiting, undefined);
  queue.done('a');
  await settle();
  assert.equal(drained, false);
  queue.add('d');
  queue.done('b');
  await drain;
  clock.turn(100);
  assert.equal(await queue.get(), undefined);
  assert.equal(clock.pending, 0);
});
