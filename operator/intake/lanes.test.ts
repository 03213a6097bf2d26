import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from './lanes.ts';

/** Lanes whose every item ends when it is told to. */
function lanes(slowMs = 60_000) {
  const begun: string[] = [];
  const back: string[] = [];
  const ends = new Map<string, () => void>();
  const made = new Lanes<string>({
    work: (item) => {
      begun.push(item);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.set(item, resolve);
      return promise;
    },
    giveBack: async (items) => void back.push(...items),
    slowMs,
  });
  const end = async (item: string) => {
    ends.get(item)!();
    await made.oneLeft();
  };
  return { made, begun, back, end };
}

test('one lane is worked in order, another beside it, and a lane that is empty begins anew', async () => {
  const { made, begun, end } = lanes();
  for (const item of ['a1', 'a2', 'b1']) made.put(item[0]!, item);
  assert.deepEqual([begun, made.held], [['a1', 'b1'], 3]);
  await end('a1');
  assert.deepEqual([begun, made.held], [['a1', 'b1', 'a2'], 2]);
  await end('b1');
  await end('a2');
  await made.idle();
  made.put('a', 'a3');
  assert.deepEqual([begun.at(-1), made.held], ['a3', 1]);
  await end('a3');
  await made.idle();
  assert.equal(made.held, 0);
  await made.oneLeft();
});

test('what waits behind one that takes long is given back, then and later, until that one has ended', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { made, begun, back, end } = lanes(1_000);
  for (const item of ['a1', 'a2', 'b1']) made.put(item[0]!, item);
  t.mock.timers.tick(999);
  assert.deepEqual(back, []);
  t.mock.timers.tick(1);
  made.put('a', 'a3');
  assert.deepEqual(back, ['a2', 'a3']);
  await end('a1');
  await end('b1');
  await made.idle();
  made.put('a', 'a4');
  made.put('a', 'a5');
  assert.deepEqual(
    [begun, back],
    [
      ['a1', 'b1', 'a4'],
      ['a2', 'a3'],
    ],
  );
});
