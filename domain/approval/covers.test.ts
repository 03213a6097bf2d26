import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApprovedStep, coveredBy, type RecordedApproval } from './covers.ts';

const HEAD = 'a'.repeat(40);
const approval = (change: Partial<RecordedApproval> = {}): RecordedApproval => ({
  name: 'shop-42-merge',
  uid: 'approval-1',
  scope: 'merge',
  digest: 'd1',
  headSHA: HEAD,
  identity: { subject: 'ada@example.com', issuer: 'https://accounts.example.com' },
  signedAt: 100,
  expiresAt: 1_000,
  ...change,
});
const step = (change: Partial<ApprovedStep> = {}): ApprovedStep => ({
  scope: 'merge',
  digest: 'd1',
  headSHA: HEAD,
  since: 100,
  now: 999,
  ...change,
});
const answer = (approvals: readonly RecordedApproval[], asked: ApprovedStep = step()) => {
  const coverage = coveredBy(approvals, asked);
  return coverage.covered ? coverage.by.uid : coverage.reason;
};

test('an Approval covers the step of its scope, digest and head until it expires', () => {
  assert.equal(answer([approval()]), 'approval-1');
  assert.equal(answer([approval()], step({ now: 1_000 })), 'ApprovalExpired');
});

test('without an Approval of the scope a step is not covered', () => {
  assert.equal(answer([]), 'ApprovalMissing');
  assert.equal(answer([approval({ scope: 'dispatch', headSHA: null })]), 'ApprovalMissing');
});

test('one more push or edit leaves a merge uncovered', () => {
  assert.equal(answer([approval()], step({ headSHA: 'b'.repeat(40) })), 'DigestMismatch');
  assert.equal(answer([approval()], step({ digest: 'd2' })), 'DigestMismatch');
});

test('a dispatch Approval covers every attempt, whatever the head', () => {
  const dispatch = approval({ scope: 'dispatch', headSHA: null });
  assert.equal(answer([dispatch], step({ scope: 'dispatch', headSHA: null })), 'approval-1');
  assert.equal(answer([dispatch], step({ scope: 'dispatch' })), 'approval-1');
});

test('what cannot be read is covered by nothing', () => {
  assert.equal(answer([approval({ headSHA: null })], step({ headSHA: null })), 'ApprovalMissing');
  assert.equal(answer([approval()], step({ digest: null })), 'ApprovalMissing');
});

test('of several Approvals the one that holds longest covers', () => {
  assert.equal(answer([approval(), approval({ uid: 'approval-2', expiresAt: 2_000 })]), 'approval-2');
});

test('what was signed before the issue was taken up again covers nothing of it', () => {
  assert.equal(answer([approval()], step({ since: 101 })), 'ApprovalMissing');
});
