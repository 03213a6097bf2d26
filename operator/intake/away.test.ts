import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForgeError } from '#lib/forge';
import { Away, ForgeAway } from './away.ts';

const silence = new ForgeError('Timeout', 'The forge did not answer in time.');

test('a forge that is silent is left alone for a pause that doubles up to 64 times, and not the others', () => {
  let now = 0;
  const away = new Away(1_000, () => now);
  away.check('b');
  const pauses = Array.from({ length: 9 }, () => {
    away.heard('b', silence);
    const from = now;
    while (refused(away, 'b')) now += 500;
    return now - from;
  });
  assert.deepEqual(
    pauses,
    [1, 2, 4, 8, 16, 32, 64, 64, 64].map((seconds) => seconds * 1_000),
  );
  away.heard('b', silence);
  away.check('a');
});

test('an answer, and an error that is none of silence, end the pause; what was not tried says nothing', () => {
  const away = new Away(1_000, () => 0);
  for (const answer of [null, new ForgeError('Unauthorized', 'Bad credentials'), new Error('a bug')]) {
    away.heard('b', silence);
    away.heard('b', new ForgeAway(1_000));
    assert.equal(refused(away, 'b'), true);
    away.heard('b', answer);
    assert.equal(refused(away, 'b'), false);
  }
});

function refused(away: Away, lane: string): boolean {
  try {
    away.check(lane);
    return false;
  } catch (error) {
    assert.ok(error instanceof ForgeAway);
    return true;
  }
}
