import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchSignals } from './signals.ts';

test('the first signal is the wish to go down; its echo within a second changes nothing, a later one is impatience', () => {
  const wishes: string[] = [];
  let impatient = 0;
  let now = 0;
  const signals = watchSignals((signal) => wishes.push(signal), {
    now: () => now,
    onImpatience: () => void impatient++,
  });
  try {
    process.emit('SIGINT', 'SIGINT');
    now = 900;
    process.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual([wishes, impatient, signals.received()], [['SIGINT'], 0, 'SIGINT']);
    now = 1_100;
    process.emit('SIGINT', 'SIGINT');
    assert.deepEqual([wishes, impatient], [['SIGINT'], 1]);
  } finally {
    signals.release();
  }
});
