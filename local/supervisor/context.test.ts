import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Context, together } from './context.ts';

const context = (failures: unknown[]) => ({ fail: (reason: unknown) => failures.push(reason) }) as unknown as Context;

test('steps side by side give their results in order', async () => {
  assert.deepEqual(await together(context([]), [Promise.resolve(1), Promise.resolve('two')]), [1, 'two']);
});

test('when one step fails the others are told, and the failure is thrown only after they have ended', async () => {
  const failures: unknown[] = [];
  const other = Promise.withResolvers<void>();
  let thrown = false;
  const both = together(context(failures), [Promise.reject(new Error('first')), other.promise]).catch(
    (error: Error) => {
      thrown = true;
      return error.message;
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(failures.length, 1);
  assert.equal(thrown, false);
  other.reject(new Error('second, because of the first'));
  assert.equal(await both, 'first');
});
