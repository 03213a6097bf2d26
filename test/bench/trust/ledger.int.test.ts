import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../kit/postgres.ts';
import { measureLedger } from './ledger.ts';

test('a log of ten thousand events becomes a whole ledger', async (t) => {
  const { url } = await testDatabase(t);
  const seconds = await measureLedger({ url, events: 10_000 });
  assert.ok(seconds > 0 && seconds < 60, `${seconds} s`);
});
