import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Queryable } from '#lib/db';
import { together } from './together.ts';

const db = {} as Queryable;

function reading() {
  const batches: string[][] = [];
  const opens: PromiseWithResolvers<void>[] = [];
  const read = together<string, string>({
    name: (asked) => asked,
    read: async (_, batch) => {
      batches.push([...batch]);
      const open = Promise.withResolvers<void>();
      opens.push(open);
      await open.promise;
      return batch.map((asked) => `${asked} as of read ${batches.length}`);
    },
  });
  return { read, batches, opens };
}

test('what is asked for while a read is under way is read together, each name once, and answered from behind the question', async () => {
  const { read, batches, opens } = reading();
  const first = read(db, 'a');
  const later = ['a', 'b', 'a'].map((asked) => read(db, asked));
  opens[0]!.resolve();
  assert.equal(await first, 'a as of read 1');
  await turn();
  opens[1]!.resolve();
  assert.deepEqual(await Promise.all(later), ['a as of read 2', 'b as of read 2', 'a as of read 2']);
  assert.deepEqual(batches, [['a'], ['a', 'b']]);
});

test('what fails is told to all who asked for it, and is read again for who asks next', async () => {
  let broken = true;
  const read = together<string, string>({
    name: (asked) => asked,
    read: async (_, batch) => {
      if (broken) throw new Error('the database is away');
      return batch;
    },
  });
  await assert.rejects(read(db, 'a'), /away/);
  broken = false;
  assert.equal(await read(db, 'a'), 'a');
});
