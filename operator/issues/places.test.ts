import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Places } from './places.ts';

function open() {
  const said: string[] = [];
  const places = new Places({ wake: (key) => said.push(`wake ${key}`), fill: (uid) => said.push(`fill ${uid}`) });
  const take = () => said.splice(0);
  return { places, take };
}

test('a free place that nobody waits for goes to the queue', () => {
  const { places, take } = open();
  places.looked('a', ['other']);
  places.freed('dev');
  assert.deepEqual(take(), ['fill dev']);
});

test('a free place is offered to who came first, and to nobody else while that one waits on', () => {
  const { places, take } = open();
  for (const key of ['a', 'b', 'c']) places.looked(key, ['dev']);
  places.freed('dev');
  assert.deepEqual(take(), ['wake a']);
  places.looked('a', ['dev']);
  assert.deepEqual(take(), []);
  places.freed('dev');
  assert.deepEqual(take(), ['wake a']);
});

test('what an issue was offered and does not want goes to the next, and then to the queue', () => {
  const { places, take } = open();
  places.looked('a', ['dev', 'second']);
  places.looked('b', ['dev']);
  places.freed('dev');
  places.looked('a', ['second']);
  places.looked('b');
  assert.deepEqual(take(), ['wake a', 'wake b', 'fill dev']);
});

test('two places that become free at once are offered to two', () => {
  const { places, take } = open();
  for (const key of ['a', 'b', 'c']) places.looked(key, ['dev']);
  places.freed('dev');
  places.freed('dev');
  assert.deepEqual(take(), ['wake a', 'wake b']);
});

test('with any number of waiters a freed place costs two looks at most, and every place is taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 8 }), (waiters, slots) => {
      let free = slots;
      let looks = 0;
      let filled = 0;
      const woken: string[] = [];
      const places = new Places({ wake: (key) => woken.push(key), fill: () => void filled++ });
      const look = (key: string) => {
        looks += 1;
        if (free === 0) return places.looked(key, ['dev']);
        free -= 1;
        places.looked(key);
      };
      for (let n = 0; n < waiters; n++) places.looked(`${n}`, ['dev']);
      for (let n = 0; n < slots; n++) places.freed('dev');
      for (let key = woken.shift(); key !== undefined; key = woken.shift()) look(key);
      assert.equal(slots - free, Math.min(slots, waiters));
      assert.ok(looks <= 2 * slots, `${looks} looks for ${slots} places`);
      if (free > 0) assert.ok(filled > 0);
    }),
  );
});
