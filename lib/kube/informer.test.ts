import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from './errors.ts';
import { FakeClient } from './fake-client.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { CONFIG_MAPS } from './resource.ts';

const ref = (name: string) => ({ namespace: 'ns', name });
const object = (name: string, labels?: Record<string, string>) => ({ metadata: { ...ref(name), labels } });

function setUp(options: InformerOptions = {}) {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const informer = new Informer(client, CONFIG_MAPS, { clock, random: () => 0.5, resyncMs: 0, ...options });
  const told: string[] = [];
  informer.subscribe({
    add: (seen) => told.push(`add ${seen.metadata.name} ${seen.metadata.uid}`),
    update: (seen, old) => told.push(`update ${seen.metadata.name} ${seen === old ? 'resync' : 'changed'}`),
    delete: (seen) => told.push(`delete ${seen.metadata.name} ${seen.metadata.uid}`),
  });
  const stop = new AbortController();
  const start = async () => {
    void informer.run(stop.signal);
    await settle();
  };
  return { clock, client, informer, told, stop, start };
}

test('it lists, then follows adds, changes and deletes', async () => {
  const { client, informer, told, start } = setUp();
  await client.create(CONFIG_MAPS, object('a'));
  assert.equal(informer.hasSynced(), false);
  await start();
  assert.equal(informer.hasSynced(), true);
  await client.patch(CONFIG_MAPS, ref('a'), { metadata: { labels: { x: '1' } } });
  await client.create(CONFIG_MAPS, object('b'));
  await client.delete(CONFIG_MAPS, ref('a'));
  assert.deepEqual(told, ['add a uid-1', 'update a changed', 'add b uid-2', 'delete a uid-1']);
  assert.equal(informer.get('ns', 'a'), undefined);
  assert.equal(informer.get('ns', 'b')?.kind, 'ConfigMap');
});

test('an object deleted and made again while the watch was down is told as delete, then add', async () => {
  const { client, clock, told, start } = setUp();
  await client.create(CONFIG_MAPS, object('a'));
  await start();
  client.endWatches(new KubeError('Unavailable', 'reset'));
  await client.delete(CONFIG_MAPS, ref('a'));
  await client.create(CONFIG_MAPS, object('a'));
  client.compact();
  await clock.advance(5000);
  assert.deepEqual(told, ['add a uid-1', 'delete a uid-1', 'add a uid-2']);
});

test('what vanished while the watch was down is told as deleted after the relist', async () => {
  const { client, clock, told, start } = setUp();
  await client.create(CONFIG_MAPS, object('a'));
  await client.create(CONFIG_MAPS, object('b'));
  await start();
  client.endWatches(new KubeError('Unavailable', 'reset'));
  await client.delete(CONFIG_MAPS, ref('a'));
  client.compact();
  await clock.advance(5000);
  assert.deepEqual(told.slice(2), ['delete a uid-1']);
});

test('a watch that broke goes on from its version, without a new list', async () => {
  const { client, clock, informer, told, start } = setUp();
  await start();
  client.endWatches(new KubeError('Unavailable', 'reset'));
  await client.create(CONFIG_MAPS, object('a'));
  await clock.advance(1000);
  assert.deepEqual(told, ['add a uid-1']);
  assert.equal(informer.state().lists, 1);
});

test('410 leads to one new list', async () => {
  const { client, clock, informer, start } = setUp();
  await start();
  client.compact();
  client.endWatches();
  await clock.advance(5000);
  assert.deepEqual([informer.state().lists, informer.state().failures], [2, 2]);
});

test('a bookmark moves the version, so that a compaction after it costs no list', async () => {
  const { client, clock, informer, start } = setUp();
  await start();
  client.compact();
  client.bookmark();
  await clock.advance(40_000);
  client.endWatches();
  await clock.advance(5000);
  assert.equal(informer.state().lists, 1);
});

test('500 on list and on watch are retried for ever, with delays that grow to their limit', async () => {
  const { client, clock, informer, start } = setUp();
  const at: number[] = [];
  let failures = 12;
  client.fault = (verb) => {
    if (verb !== 'list' || failures-- <= 0) return;
    at.push(clock.now());
    throw new KubeError('Internal', 'etcd is away', { status: 500 });
  };
  await start();
  await clock.advance(200_000);
  assert.equal(informer.hasSynced(), true);
  const gaps = at.slice(1).map((time, n) => time - (at[n] ?? 0));
  assert.deepEqual(gaps.slice(0, 4), [150, 300, 600, 1200]);
  assert.equal(gaps.at(-1), 11_250);
});

test('a watch that keeps failing leads to a new list after the fifth time', async () => {
  const { client, clock, informer, start } = setUp();
  let failing = true;
  client.fault = (verb) => {
    if (verb === 'watch' && failing) throw new KubeError('Unexpected', 'no');
  };
  await start();
  await clock.advance(10_000);
  assert.equal(informer.state().lists, 2);
  failing = false;
  await clock.advance(20_000);
  await client.create(CONFIG_MAPS, object('a'));
  assert.equal(informer.size, 1);
});

for (const code of ['TooManyRequests', 'Internal', 'Unavailable'] as const)
  test(`a watch that a server in trouble refuses with ${code} for minutes costs no new list`, async () => {
    const { client, clock, informer, start } = setUp();
    let failing = true;
    client.fault = (verb) => {
      if (verb === 'watch' && failing) throw new KubeError(code, 'not now');
    };
    await start();
    await clock.advance(300_000);
    failing = false;
    await clock.advance(20_000);
    await client.create(CONFIG_MAPS, object('a'));
    assert.deepEqual([informer.size, informer.state().lists], [1, 1]);
  });

test('a watch refused with 429 is not tried again within a second, though its Retry-After is lost', async () => {
  const { client, clock, start } = setUp();
  const at: number[] = [];
  client.fault = (verb) => {
    if (verb !== 'watch') return;
    at.push(clock.now());
    throw new KubeError('TooManyRequests', 'slow down');
  };
  await start();
  await clock.advance(10_000);
  assert.ok(at.length > 2 && at.every((time, n) => n === 0 || time - at[n - 1]! >= 1_000), at.join());
});

test('a quiet watch that a load balancer breaks every half minute is back within 200 ms each time', async () => {
  const { client, clock, informer, start } = setUp();
  await start();
  for (let n = 1; n <= 10; n++) {
    await clock.advance(30_000);
    client.endWatches(new KubeError('Unavailable', 'reset'));
    await clock.advance(200);
    assert.deepEqual([informer.state().watches, informer.state().lists], [n + 1, 1]);
  }
});

test('a server that closes every watch at once is not called in a busy loop', async () => {
  const { client, clock, informer, start } = setUp();
  await start();
  for (let n = 0; n < 60; n++) {
    client.endWatches();
    await clock.advance(1000);
  }
  assert.ok(informer.state().watches < 20, `${informer.state().watches} watches in a minute`);
});

test('a handler that throws harms neither the cache nor other handlers', async () => {
  const { client, informer, told, start } = setUp();
  informer.subscribe({
    add: () => {
      throw new Error('handler');
    },
  });
  await start();
  await client.create(CONFIG_MAPS, object('a'));
  await client.create(CONFIG_MAPS, object('b'));
  assert.equal(informer.size, 2);
  assert.equal(told.length, 2);
  assert.equal(informer.state().failures, 0);
});

test('resync hands every object to update, as its own old state', async () => {
  const { client, clock, told, start } = setUp({ resyncMs: 60_000 });
  await client.create(CONFIG_MAPS, object('a'));
  await start();
  await clock.advance(64_000);
  assert.deepEqual(told, ['add a uid-1', 'update a resync']);
});

test('who subscribes late is told of everything in the cache, and of nothing after unsubscribing', async () => {
  const { client, informer, start } = setUp();
  await client.create(CONFIG_MAPS, object('a'));
  await start();
  const late: (string | undefined)[] = [];
  const end = informer.subscribe({ add: (seen) => late.push(seen.metadata.name) });
  end();
  await client.create(CONFIG_MAPS, object('b'));
  assert.deepEqual(late, ['a']);
});

test('cached objects are frozen to their depth', async () => {
  const { client, informer, start } = setUp();
  await client.create(CONFIG_MAPS, object('a', { x: '1' }));
  await start();
  const cached = informer.get('ns', 'a');
  assert.throws(() => Object.assign(cached?.metadata.labels ?? {}, { x: '2' }), TypeError);
});

test('waitForSync ends with the cache, or with the signal', async () => {
  const { client, informer, start } = setUp();
  client.fault = () => {
    throw new KubeError('Unavailable', 'down');
  };
  await start();
  const abort = new AbortController();
  const waiting = assert.rejects(informer.waitForSync(abort.signal), { code: 'Aborted' });
  abort.abort();
  await waiting;
  client.fault = () => {};
});

test('a run that is stopped leaves no timer behind', async () => {
  const { clock, stop, start } = setUp({ resyncMs: 60_000 });
  await start();
  stop.abort();
  await settle();
  assert.equal(clock.pending, 0);
});
