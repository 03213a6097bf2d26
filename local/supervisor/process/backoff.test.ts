import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartPause } from './backoff.ts';

test('restarts in a row wait 250 ms, then twice as long each, at most 30 s', () => {
  assert.deepEqual([1, 2, 3, 8, 9, 100].map(restartPause), [250, 500, 1_000, 30_000, 30_000, 30_000]);
});
