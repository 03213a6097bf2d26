import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../kit/postgres.ts';
import { measureClaims } from './claims.ts';

// It throws where an issue was claimed twice, left behind, or given a second task.
test('50 claimers at once, half dispatched to and half asking: 4,000 queued issues are each given once', async (t) => {
  const { url } = await testDatabase(t);
  assert.ok((await measureClaims({ url, queued: 4_000, claimers: 50 })) > 0);
});
