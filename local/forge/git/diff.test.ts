import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hunkAt, moveLine } from './diff.ts';

const PATCH = ['@@ -2,4 +2,5 @@ head', ' two', '-three', '+THREE', '+three and a half', ' four', ' five'].join('\n');

test('a line the diff shows gives its hunk up to that line, on either side', () => {
  assert.equal(hunkAt(PATCH, 3, 'RIGHT')?.split('\n').at(-1), '+THREE');
  assert.equal(hunkAt(PATCH, 3, 'LEFT')?.split('\n').at(-1), '-three');
  assert.equal(hunkAt(PATCH, 6, 'RIGHT')?.split('\n').at(-1), ' five');
});

test('a line the diff does not show gives none', () => {
  assert.equal(hunkAt(PATCH, 1, 'RIGHT'), null);
  assert.equal(hunkAt(PATCH, 7, 'RIGHT'), null);
});

test('a line keeps its place before a change, moves behind it and is lost inside of it', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 9].map((line) => moveLine(PATCH, line)),
    [1, 2, null, 5, 6, 10],
  );
  assert.equal(moveLine(null, 7), 7);
});
