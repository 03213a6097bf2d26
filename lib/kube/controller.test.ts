import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controller, type ControllerOptions, type ReconcileContext } from './controller.ts';
import { FakeClient } from './fake-client.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { Informer } from './informer.ts';
import { Stalled, Waiting } from './outcome.ts';
import { ownerKeys, ownerReference } from './ownership.ts';
import { CONFIG_MAPS, JOBS } from './resource.ts';

const object = (name: string) => ({ metadata: { namespace: 'ns', name } });

async function setUp(reconcile: ControllerOptions['reconcile'], options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const informer = new Informer(client, CONFIG_MAPS, { clock, resyncMs: 0 });
  const stop = new AbortController();
  void informer.run(stop.signal);
  const backoff = { baseMs: 100, maxMs: 1000, jitter: 0 };
  const controller = new Controller({ name: 'test', clock, backoff, reconcile, ...options }).watch(informer);
  await settle();
  return { clock, client, informer, controller };
}

test('a start reconciles what exists, then every change', async () => {
  const keys: string[] = [];
  const { client, controller } = await setUp(async (key) => void keys.push(key));
  await client.create(CONFIG_MAPS, object('a'));
  await controller.start();
  await settle();
  await client.create(CONFIG_MAPS, object('b'));
  await client.delete(CONFIG_MAPS, { namespace: 'ns', name: 'a' });
  await settle();
  assert.deepEqual(keys, ['ns/a', 'ns/b', 'ns/a']);
});

test('a thousand changes during one reconcile are one more reconcile', async () => {
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const { client, controller } = await setUp(async () => {
    runs++;
    await gate.promise;
  });
  await controller.start();
  await client.create(CONFIG_MAPS, object('a'));
  await settle();
  for (let n = 0; n < 1000; n++) {
    await client.patch(CONFIG_MAPS, { namespace: 'ns', name: 'a' }, { metadata: { labels: { n: String(n) } } });
  }
  gate.resolve();
  await settle();
  assert.equal(runs, 2);
});

test('one key never runs in two workers', async () => {
  let running = 0;
  let most = 0;
  const { controller, clock } = await setUp(async () => {
    most = Math.max(most, ++running);
    await settle();
    running--;
  });
  await controller.start();
  for (let n = 0; n < 20; n++) {
    controller.enqueue('ns/a');
    await clock.advance(1);
  }
  assert.equal(most, 1);
});

test('requeueAfterMs looks again at its time', async () => {
  let runs = 0;
  const { controller, clock } = await setUp(async () => ({ requeueAfterMs: runs++ === 0 ? 5000 : undefined }));
  await controller.start();
  controller.enqueue('a');
  await clock.advance(4999);
  assert.equal(runs, 1);
  await clock.advance(1);
  assert.equal(runs, 2);
  await clock.advance(60_000);
  assert.equal(runs, 2);
});

test('a failing key is tried after 100, 200, 400 ms; the others are not held up', async () => {
  const at: number[] = [];
  const good: string[] = [];
  const { controller, clock } = await setUp(async (key) => {
    if (key !== 'poison') return void good.push(key);
    at.push(clock.now());
    throw new Error('poison');
  });
  await controller.start();
  controller.enqueue('poison');
  controller.enqueue('good');
  await clock.advance(750);
  assert.deepEqual(at, [0, 100, 300, 700]);
  assert.deepEqual(good, ['good']);
});

test('a success ends the backoff: the next failure waits as the first did', async () => {
  const at: number[] = [];
  const { controller, clock } = await setUp(async () => {
    at.push(clock.now());
    if (at.length !== 3) throw new Error('fails but the third time');
  });
  await controller.start();
  controller.enqueue('a');
  await clock.advance(1000);
  controller.enqueue('a');
  await clock.advance(150);
  assert.deepEqual(at, [0, 100, 300, 1000, 1100]);
});

test('Stalled is not tried again by itself, Waiting exactly after its time', async () => {
  const runs: string[] = [];
  const { controller, clock } = await setUp(async (key) => {
    runs.push(`${key} ${clock.now()}`);
    throw key === 'stalled' ? new Stalled('NoRepo', 'm') : new Waiting(3000, 'NotYet', 'm');
  });
  await controller.start();
  controller.enqueue('stalled');
  controller.enqueue('waiting');
  await clock.advance(3500);
  assert.deepEqual(runs, ['stalled 0', 'waiting 0', 'waiting 3000']);
});

test('a reconcile that takes too long has its signal aborted and is retried', async () => {
  let runs = 0;
  const outcomes: string[] = [];
  const { controller, clock } = await setUp(
    (_key, { signal }) => {
      runs++;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
    { timeoutMs: 1000, onOutcome: (_key, outcome) => void outcomes.push(outcome.kind) },
  );
  await controller.start();
  controller.enqueue('slow');
  await clock.advance(1100);
  assert.equal(runs, 2);
  assert.deepEqual(outcomes, ['Retry']);
});

test('a reconcile knows its id, and its logger carries it', async () => {
  let seen: ReconcileContext | undefined;
  const { controller } = await setUp(
    async (_key, context) => {
      seen = context;
    },
    { newId: () => 'id-1' },
  );
  await controller.start();
  controller.enqueue('a');
  await settle();
  assert.equal(seen?.reconcileId, 'id-1');
  assert.deepEqual(seen?.logger.bindings(), { controller: 'test', key: 'a', reconcileId: 'id-1' });
});

test('stop lets a running reconcile end, starts no other, and reconciles again after the next start', async () => {
  const gate = Promise.withResolvers<void>();
  const runs: string[] = [];
  const { controller } = await setUp(
    async (key) => {
      runs.push(key);
      await gate.promise;
    },
    { workers: 1 },
  );
  await controller.start();
  controller.enqueue('a');
  controller.enqueue('b');
  await settle();
  const stopped = controller.stop({ graceMs: 5000 });
  gate.resolve();
  await stopped;
  assert.deepEqual(runs, ['a']);
  await controller.start();
  controller.enqueue('c');
  await settle();
  assert.deepEqual(runs, ['a', 'c']);
});

test('when the grace is over the signal of what still runs is aborted', async () => {
  let aborted = false;
  const { controller, clock } = await setUp(
    (_key, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        }),
      ),
  );
  await controller.start();
  controller.enqueue('a');
  await settle();
  const stopped = controller.stop({ graceMs: 2000 });
  await clock.advance(1999);
  assert.equal(aborted, false);
  await clock.advance(1);
  await stopped;
  assert.equal(aborted, true);
});

test('a reconcile that ignores its signal does not keep the stop waiting for ever', async () => {
  const { controller, clock } = await setUp(() => new Promise(() => {}));
  await controller.start();
  controller.enqueue('a');
  await settle();
  const stopped = controller.stop({ graceMs: 1000 });
  await clock.advance(6000);
  await stopped;
  assert.equal(controller.running, false);
});

test('a change of a child reconciles its owner, also the one it had before', async () => {
  const keys: string[] = [];
  const { clock, client, controller } = await setUp(async (key) => void keys.push(key));
  const jobs = new Informer(client, JOBS, { clock, resyncMs: 0 });
  void jobs.run(new AbortController().signal);
  controller.watch(jobs, ownerKeys(CONFIG_MAPS));
  await settle();
  await controller.start();
  const owners = [await client.create(CONFIG_MAPS, object('a')), await client.create(CONFIG_MAPS, object('b'))];
  await settle();
  keys.length = 0;
  const [a, b] = owners.map((owner) => [ownerReference(owner)]);
  await client.create(JOBS, { metadata: { namespace: 'ns', name: 'job', ownerReferences: a } });
  await settle();
  await client.patch(JOBS, { namespace: 'ns', name: 'job' }, { metadata: { ownerReferences: b } });
  await settle();
  assert.deepEqual(keys, ['ns/a', 'ns/b', 'ns/a']);
});

test('an outcome handler that throws does not stop the worker', async () => {
  const keys: string[] = [];
  const { controller } = await setUp(async (key) => void keys.push(key), {
    workers: 1,
    onOutcome: () => {
      throw new Error('handler');
    },
  });
  await controller.start();
  controller.enqueue('a');
  controller.enqueue('b');
  await settle();
  assert.deepEqual(keys, ['a', 'b']);
});
