import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingNumbers } from './closing.ts';

test('every closing keyword of GitHub names its issue once', () => {
  const text = 'close #1, closes: #2 Closed #3\nfix #4 fixes #5 FIXED #6 resolve #7 resolves #8 resolved #9, closes #1';
  assert.deepEqual(closingNumbers(text, 'o/r'), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('mentions, look-alikes and other repositories close nothing here', () => {
  assert.deepEqual(closingNumbers('see #1, prefix #2, discloses #3, fixes other/repo#4, closes O/R#5', 'o/r'), [5]);
});
