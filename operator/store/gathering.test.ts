import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { Gathering } from './gathering.ts';

const settled = (batch: readonly string[]) => batch.map((value) => ({ status: 'fulfilled' as const, value }));

test('the first is done at once and alone; what is asked for meanwhile is done together, in order', async () => {
  const batches: string[][] = [];
  const open = Promise.withResolvers<void>();
  const gathering = new Gathering<string, string>({
    lanes: 1,
    name: (asked) => asked,
    run: async (batch) => {
      batches.push([...batch]);
      if (batches.length === 1) await open.promise;
      return settled(batch);
    },
  });
  const answers = ['a', 'b', 'c'].map((asked) => gathering.ask(asked));
  await turn();
  assert.deepEqual(batches, [['a']]);
  open.resolve();
  assert.deepEqual(await Promise.all(answers), ['a', 'b', 'c']);
  assert.deepEqual(batches, [['a'], ['b', 'c']]);
});

test('what fails is told to who asked for it alone', async () => {
  const gathering = new Gathering<string, string>({
    lanes: 1,
    name: (asked) => asked,
    run: async (batch) => {
      await turn();
      return batch.map((value) =>
        value === 'bad' ? { status: 'rejected', reason: new Error('no') } : { status: 'fulfilled', value },
      );
    },
  });
  const answers = await Promise.allSettled(['first', 'good', 'bad', 'last'].map((asked) => gathering.ask(asked)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
});

test('an answer that holds for others of its name is given to those who had asked before it was looked for, not to later ones', async () => {
  const looks: PromiseWithResolvers<void>[] = [];
  const gathering = new Gathering<{ name: string; id: number }, string>({
    lanes: 1,
    name: ({ name }) => name,
    holdsFor: (answer) => answer === 'full',
    run: async (batch) => {
      const look = Promise.withResolvers<void>();
      looks.push(look);
      await look.promise;
      return batch.map(({ name, id }) => ({ status: 'fulfilled', value: name === 'a' ? 'full' : `taken by ${id}` }));
    },
  });
  const ask = (name: string, id: number) => gathering.ask({ name, id });
  const first = ask('a', 0);
  const early = [ask('a', 1), ask('b', 2), ask('a', 3), ask('b', 4)];
  looks[0]!.resolve();
  await first;
  await turn();
  assert.equal(looks.length, 2, 'those who asked during the first look have one of their own');
  const late = ask('a', 5);
  looks[1]!.resolve();
  assert.deepEqual(await Promise.all(early.filter((_, at) => at !== 3)), ['full', 'taken by 2', 'full']);
  await turn();
  looks[2]!.resolve();
  assert.deepEqual(await Promise.all([early[3], late]), ['taken by 4', 'full']);
  assert.equal(looks.length, 3);
});

test('whatever is asked for at once, each is done once, never two of a name together, and no more batches than lanes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      async (names, lanes, most) => {
        let running = 0;
        const done: number[] = [];
        const gathering = new Gathering<{ name: string; id: number }, number>({
          lanes,
          most,
          name: ({ name }) => name,
          run: async (batch) => {
            running += 1;
            assert.ok(running <= lanes && batch.length <= most && batch.length > 0);
            assert.equal(new Set(batch.map(({ name }) => name)).size, batch.length);
            await turn();
            running -= 1;
            done.push(...batch.map(({ id }) => id));
            return batch.map(({ id }) => ({ status: 'fulfilled', value: id }));
          },
        });
        const answers = await Promise.all(names.map((name, id) => gathering.ask({ name, id })));
        assert.deepEqual(
          answers,
          names.map((_, id) => id),
        );
        assert.deepEqual(
          done.sort((a, b) => a - b),
          answers,
        );
      },
    ),
    { numRuns: 60 },
  );
});
