import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from './within.ts';

test('a forge that does not say in time is a Timeout of the forge; one that does is heard, also with its error', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const never = within(5_000, () => new Promise(() => {}));
  t.mock.timers.tick(5_000);
  await assert.rejects(never, { name: 'ForgeError', code: 'Timeout', message: /did not say within 5 s/ });
  assert.equal(await within(5_000, async () => 7), 7);
  await assert.rejects(
    within(5_000, async () => {
      throw new Error('no');
    }),
    /no/,
  );
});
