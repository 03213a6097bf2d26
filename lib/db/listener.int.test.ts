import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/kit/postgres.ts';
import { Listener } from './index.ts';

/** Counts calls and lets a test wait for the next one. */
function counter() {
  let calls = 0;
  let next = Promise.withResolvers<void>();
  const call = () => {
    calls += 1;
    next.resolve();
    next = Promise.withResolvers();
  };
  return { call, count: () => calls, next: () => next.promise };
}

test('a subscriber is called when it is connected, at a notification, and not for another channel', async (t) => {
  const { url, pool } = await testDatabase(t);
  const listener = new Listener(url, { applicationName: 'rig-test' });
  t.after(() => listener.close());
  const [mine, other] = [counter(), counter()];
  const connected = Promise.all([mine.next(), other.next()]);
  listener.subscribe('mine', mine.call);
  listener.subscribe('other', other.call);
  await connected;
  const before = other.count();
  const notified = mine.next();
  await pool.query('NOTIFY mine');
  await notified;
  assert.equal(other.count(), before);
});

test('after its connection was cut a listener comes back and calls its subscribers', async (t) => {
  const { url, pool } = await testDatabase(t);
  const listener = new Listener(url, { applicationName: 'rig-cut', backoff: () => 1 });
  t.after(() => listener.close());
  const mine = counter();
  const connected = mine.next();
  listener.subscribe('mine', mine.call);
  await connected;
  const back = mine.next();
  await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rig-cut'");
  await back;
  const notified = mine.next();
  await pool.query('NOTIFY mine');
  await notified;
});

test('a subscriber that has left and a closed listener call nobody', async (t) => {
  const { url, pool } = await testDatabase(t);
  const listener = new Listener(url, { applicationName: 'rig-test' });
  const [mine, gone] = [counter(), counter()];
  const connected = Promise.all([mine.next(), gone.next()]);
  const leave = listener.subscribe('mine', gone.call);
  listener.subscribe('mine', mine.call);
  await connected;
  leave();
  const before = gone.count();
  const notified = mine.next();
  await pool.query('NOTIFY mine');
  await notified;
  assert.equal(gone.count(), before);
  await listener.close();
  await listener.close();
});

test('a listener without a server keeps trying and closes at once', async () => {
  const waits: number[] = [];
  const tried = Promise.withResolvers<void>();
  const backoff = (n: number) => {
    if (waits.push(n) === 3) tried.resolve();
    return 1;
  };
  const listener = new Listener('postgres://a:b@127.0.0.1:1/x', { applicationName: 'rig-test', backoff });
  listener.subscribe('mine', () => assert.fail('there is no server'));
  await tried.promise;
  await listener.close();
  assert.deepEqual(waits.slice(0, 3), [1, 2, 3]);
});
