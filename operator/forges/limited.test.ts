import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventsError } from '#lib/events';
import { ForgeError } from '#lib/forge';
import { waitingForLimit } from './limited.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const limit = new ForgeError('RateLimited', 'slow', { retryAfterMs: 90_000 });

test('a rate limit is waited for until its end, and the sentence says when that is', () => {
  for (const error of [limit, new EventsError('EffectNotPerformed', 'not done', { cause: limit })]) {
    const waiting = waitingForLimit(error, NOW);
    assert.deepEqual([waiting?.reason, waiting?.afterMs], ['RateLimited', 90_000]);
    assert.equal(waiting?.message, "It waits for the forge's rate limit until 2026-11-21T10:01:30Z.");
  }
});

test('what is no rate limit is left to others', () => {
  assert.equal(waitingForLimit(new ForgeError('Unavailable', 'away'), NOW), null);
  assert.equal(waitingForLimit(new Error('x', { cause: new Error('y') }), NOW), null);
});
