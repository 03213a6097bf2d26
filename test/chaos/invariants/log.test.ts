import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Witnessed } from '../witness/chronicle.ts';
import { checkLog, endOf } from './log.ts';

type Said = readonly [type: string, data?: Record<string, unknown>];

function logOf(...said: readonly Said[]): Witnessed[] {
  return said.map(([type, data = {}], index) => ({
    stream: 's',
    version: index + 1,
    pos: index + 10,
    type,
    data,
    at: '2026-01-01T00:00:00.000Z',
    digest: '',
  }));
}

const HEAD = 'a'.repeat(40);
const implement = { task: 'i-implement-1-1', kind: 'implement', fence: '1.1', lane: 'work' };
const review = { task: 'i-review-1-1', kind: 'review', fence: '1.2', lane: 'review' };
const GOOD: readonly Said[] = [
  ['ISSUE_FILED'],
  ['ISSUE_ASSIGNED', { claim: 'c1' }],
  ['TASK_DISPATCHED', implement],
  ['WORK_STARTED', implement],
  ['HEAD_FORWARDED', { to: HEAD, branch: 'rig/i/1' }],
  ['PR_CREATED', { number: 2, branch: 'rig/i/1' }],
  ['TASK_DISPATCHED', review],
  ['TASK_FINISHED', implement],
  ['CI_PASSED', { headSHA: HEAD }],
  ['REVIEW_PASSED', { headSHA: HEAD }],
  ['TASK_FINISHED', review],
  ['MERGE_REQUESTED', { headSHA: HEAD }],
  ['MERGED', { headSHA: HEAD }],
  ['ISSUE_UNASSIGNED', { claim: 'c1' }],
  ['ISSUE_DONE'],
];
/** The good life with something put in after the first event of a type, or with all of a type left out. */
const after = (type: string, ...more: readonly Said[]) => {
  const at = GOOD.findIndex(([one]) => one === type) + 1;
  return checkLog(logOf(...GOOD.slice(0, at), ...more, ...GOOD.slice(at))).join('; ');
};
const without = (type: string) => checkLog(logOf(...GOOD.filter(([one]) => one !== type))).join('; ');

test('the log of an issue that was worked, reviewed, tested and merged once is without fault', () => {
  assert.deepEqual(checkLog(logOf(...GOOD)), []);
  assert.equal(endOf(logOf(...GOOD)), 'merged');
});

test('versions with a gap or a double, and positions that go back, are named', () => {
  const log = logOf(...GOOD);
  assert.match(checkLog(log.toSpliced(3, 1)).join('; '), /PR_CREATED has version 6 where 5 is due/);
  const back = log.map((event, index) => (index === 4 ? { ...event, pos: 1 } : event));
  assert.match(checkLog(back).join('; '), /HEAD_FORWARDED \(version 5\) lies before version 4/);
});

test('a second claim, and a second task on a lane, beside a live one are named', () => {
  assert.match(after('WORK_STARTED', ['ISSUE_ASSIGNED', { claim: 'c2' }]), /claim c2 began while c1 was live/);
  const second = { ...implement, task: 'i-implement-2-1', fence: '1.3' };
  assert.match(after('WORK_STARTED', ['TASK_DISPATCHED', second]), /while i-implement-1-1 was live on lane work/);
  assert.match(after('REVIEW_PASSED', ['TASK_LOST', implement]), /TASK_LOST of i-implement-1-1, which was not live/);
});

test('a fence that does not grow is named', () => {
  const stale = { ...implement, task: 'i-implement-2-1', fence: '1.1' };
  assert.match(after('TASK_FINISHED', ['TASK_DISPATCHED', stale]), /fence of i-implement-2-1 is not above/);
});

test('a second merge, pull request for a branch, or filing is named', () => {
  assert.match(after('MERGED', ['MERGED', { headSHA: HEAD }]), /MERGED is there twice/);
  assert.match(after('PR_CREATED', ['PR_CREATED', { branch: 'rig/i/1' }]), /PR_CREATED for rig\/i\/1 is there twice/);
  assert.match(after('ISSUE_FILED', ['ISSUE_FILED']), /ISSUE_FILED is there twice/);
});

test('a merge without tests, without review, without having been asked for on that head is named', () => {
  for (const type of ['CI_PASSED', 'REVIEW_PASSED', 'MERGE_REQUESTED'])
    assert.match(without(type), new RegExp(`without ${type} on that head`));
});

test('an issue that has not ended, failed, or awaits a person without a reason is named; one with a reason is not', () => {
  assert.match(without('ISSUE_DONE'), /it has not ended; the last event is ISSUE_UNASSIGNED/);
  assert.match(checkLog(logOf(['ISSUE_FILED'], ['ISSUE_FAILED'])).join(), /has not ended/);
  assert.match(checkLog(logOf(['ISSUE_FILED'], ['HUMAN_GATE_TRIGGERED'])).join(), /does not say why/);
  const gate = { reason: 'InfrastructureLost', message: 'Five in a row.' };
  assert.deepEqual(checkLog(logOf(['ISSUE_FILED'], ['HUMAN_GATE_TRIGGERED', gate])), []);
  assert.match(without('MERGED'), /done with 0 merges/);
});
