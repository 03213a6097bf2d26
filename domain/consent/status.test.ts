import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leavesPerson, type ShownIssue } from './status.ts';

const shown = (phase: ShownIssue['phase'], effectiveTier: ShownIssue['effectiveTier']): ShownIssue => ({
  phase,
  effectiveTier,
});
const waits = shown('AwaitingHuman', 'T3');

const cases: [string, ShownIssue, ShownIssue, boolean][] = [
  ['goes on at T3', waits, shown('Merging', 'T3'), true],
  ['is done at T3', waits, shown('Done', 'T3'), true],
  ['goes on and is said to be T1', waits, shown('Queued', 'T1'), true],
  ['still waits, and is said to be T1', waits, shown('AwaitingHuman', 'T1'), true],
  ['loses its tier', waits, shown('AwaitingHuman', null), true],
  ['loses its phase', waits, shown(null, 'T3'), true],
  ['still waits', waits, waits, false],
  ['is cancelled', waits, shown('Cancelled', 'T3'), false],
  ['has failed', waits, shown('Failed', 'T3'), false],
  ['is cancelled, and said to be T1', waits, shown('Cancelled', 'T1'), true],
  ['goes on after it was cancelled', shown('Cancelled', 'T3'), shown('Queued', 'T3'), true],
  ['waits again after it has failed', shown('Failed', 'T3'), waits, false],
  ['waited below T3', shown('AwaitingHuman', 'T1'), shown('Queued', 'T1'), false],
  ['did not wait', shown('InReview', 'T3'), shown('Merging', 'T3'), false],
  ['had no status', shown(null, null), shown('Queued', 'T3'), false],
];
for (const [what, was, is, asked] of cases) {
  test(`status: an Issue that ${what} ${asked ? 'is asked about' : 'is not asked about'}`, () => {
    assert.equal(leavesPerson(was, is), asked);
  });
}
