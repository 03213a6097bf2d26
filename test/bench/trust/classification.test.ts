import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureClassification } from './classification.ts';

test('the shipped policy for Node has steps enough for a change of 3,000 files, and some to spare', () => {
  for (const files of [3_000, 4_000]) assert.equal(measureClassification(files, 1).length, 1);
});
