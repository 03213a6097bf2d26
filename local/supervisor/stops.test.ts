import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STOP_ORDER, Stops } from './stops.ts';

test('whatever the order of the start, a rig goes down in its own order, each part once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...STOP_ORDER]), async (started) => {
      const stops = new Stops();
      const stopped: string[] = [];
      for (const name of started) stops.add(name, async () => void stopped.push(name));
      await stops.run();
      await stops.run();
      assert.deepEqual(
        stopped,
        STOP_ORDER.filter((name) => started.includes(name)),
      );
    }),
  );
});

test('agents stop before what they work with, and the database last', () => {
  assert.ok(STOP_ORDER.indexOf('kubelet') < STOP_ORDER.indexOf('operator'));
  assert.ok(STOP_ORDER.indexOf('forge') < STOP_ORDER.indexOf('controlplane'));
  assert.equal(STOP_ORDER.at(-1), 'postgres');
});

test('a part that cannot be stopped is named, and the others are stopped all the same', async () => {
  const stops = new Stops();
  const sentences: string[] = [];
  let reached = false;
  stops.add('kubelet', async () => {
    throw new Error('it is stuck');
  });
  stops.add('postgres', async () => {
    reached = true;
  });
  await stops.run({ onFailure: (sentence) => sentences.push(sentence) });
  assert.deepEqual(sentences, ['kubelet could not be stopped: it is stuck']);
  assert.ok(reached);
});

test('a part that never ends to stop is left behind after its time, so that the rest is stopped', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stops = new Stops();
  const sentences: string[] = [];
  stops.add('timeline', () => new Promise(() => {}));
  const down = stops.run({ onFailure: (sentence) => sentences.push(sentence) });
  t.mock.timers.tick(45_000);
  await down;
  assert.deepEqual(sentences, ['timeline could not be stopped: it took longer than 45 s']);
});

test('a part that was started again is stopped the new way', async () => {
  const stops = new Stops();
  const stopped: string[] = [];
  stops.add('postgres', async () => void stopped.push('old'));
  stops.add('postgres', async () => void stopped.push('new'));
  await stops.run();
  assert.deepEqual(stopped, ['new']);
});
