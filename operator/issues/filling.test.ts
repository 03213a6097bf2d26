import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Filling } from './filling.ts';

/** Fillings that end when they are told to; `begun` names the Agents in the order in which they were filled. */
function open() {
  const begun: string[] = [];
  const failed: string[] = [];
  const under = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const filling = new Filling({
    fill: (uid) => {
      begun.push(uid);
      return new Promise((resolve, reject) => under.set(uid, { resolve, reject }));
    },
    onError: (error, uid) => failed.push(`${uid}: ${(error as Error).message}`),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const end = (uid: string) => {
    under.get(uid)!.resolve();
    return turn();
  };
  return { filling, begun, failed, end, under, turn };
}

test('an Agent that is asked for a thousand times while it is filled is filled once more', async () => {
  const { filling, begun, end } = open();
  for (let n = 0; n < 1_000; n += 1) filling.ask('dev');
  assert.deepEqual(begun, ['dev']);
  await end('dev');
  assert.deepEqual(begun, ['dev', 'dev']);
  await end('dev');
  await filling.idle();
  assert.deepEqual(begun, ['dev', 'dev']);
});

test('an Agent whose filling takes its time keeps no other waiting', async () => {
  const { filling, begun, end } = open();
  filling.ask('slow');
  filling.ask('dev');
  await end('dev');
  filling.ask('dev');
  assert.deepEqual(begun, ['slow', 'dev', 'dev']);
  await end('slow');
  await end('dev');
  await filling.idle();
});

test('a filling that fails is told, and the next one begins', async () => {
  const { filling, begun, failed, under, turn } = open();
  filling.ask('dev');
  filling.ask('dev');
  under.get('dev')!.reject(new Error('no database'));
  await turn();
  assert.deepEqual([begun, failed], [['dev', 'dev'], ['dev: no database']]);
  under.get('dev')!.resolve();
  await filling.idle();
});
