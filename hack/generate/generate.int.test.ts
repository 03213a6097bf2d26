import assert from 'node:assert/strict';
import { test } from 'node:test';
import { current, generated, generators } from './generators.ts';

for (const generator of await generators()) {
  test(`${generator.path} is what npm run generate writes`, async () => {
    assert.equal(await generated(generator), await current(generator));
  });
}
