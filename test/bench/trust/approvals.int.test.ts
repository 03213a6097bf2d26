import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureApprovals } from './approvals.ts';

test('the benchmark of Approvals measures ones that hold', async () => {
  const samples = await measureApprovals({ times: 5 });
  assert.equal(samples.length, 5);
  assert.ok(samples.every((sample) => sample > 0));
});
