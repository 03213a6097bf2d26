import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createPool } from '#lib/db';
import { migrations } from '#lib/events';
import type { Actor } from '#lib/forge';
import { testDatabase } from '../../test/kit/postgres.ts';
import { Pace } from './pace.ts';

/** Far longer than a test takes, so that a turn tells its place. */
const INTERVAL_MS = 100_000;

async function replicas(t: TestContext, count: number) {
  const directory = join(import.meta.dirname, '..', 'store', 'migrations');
  const { url } = await testDatabase(t, { migrations: [migrations, { component: 'operator', directory }] });
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  const paces = Array.from({ length: count }, () => {
    const pool = createPool(url, { applicationName: 'rig-test', schema: 'rig', max: 2 });
    t.after(() => pool.end());
    return new Pace(pool, INTERVAL_MS, sleep);
  });
  return { paces, waits };
}

const forge = (id: number, origin = 'https://forge.example') => ({ origin, whoami: async () => ({ id }) as Actor });
/** How many pauses a wait is, the time of the test itself aside. */
const turns = (waits: number[]) => waits.map((ms) => Math.ceil(ms / INTERVAL_MS)).sort((a, b) => a - b);

test('writes of one identity from three replicas at once have one pause between each two', async (t) => {
  const { paces, waits } = await replicas(t, 3);
  await Promise.all(Array.from({ length: 9 }, (_, i) => paces[i % 3]!.turn(forge(1), 'thread')));
  assert.deepEqual(turns(waits), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('what tells people something has three times the pause, and another identity or forge waits for nobody', async (t) => {
  const { paces, waits } = await replicas(t, 2);
  await paces[0]!.turn(forge(1), 'comment');
  await paces[1]!.turn(forge(2), 'comment');
  await paces[1]!.turn(forge(1, 'https://other.example'), 'comment');
  await paces[1]!.turn(forge(1), 'head');
  assert.deepEqual(waits, []);
  await paces[1]!.turn(forge(1), 'merge');
  assert.deepEqual(turns(waits), [3]);
});

test('where the forge asks for no pause nobody asks the database', async () => {
  const pace = new Pace({ query: () => assert.fail('asked') } as never, 0);
  await pace.turn(forge(1), 'comment');
});
