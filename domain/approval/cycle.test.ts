import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredEvent } from '../events/catalogue.ts';
import { evolve } from '../issue/evolve.ts';
import { type IssueState, noIssue } from '../issue/state.ts';
import { sha256 } from '../testing/approval.ts';
import { isTakenBack, type KnownApproval, standingApprovals } from './known.ts';

const AT = Date.UTC(2026, 2, 2, 12);
const approved: KnownApproval = {
  standing: 'verified',
  approval: {
    name: 'a',
    uid: 'uid-a',
    signature: sha256('one'),
    scope: 'dispatch',
    digest: sha256('document'),
    headSHA: null,
    identity: { subject: 'ada@example.com', issuer: 'https://accounts.example.com' },
    signedAt: AT - 1_000,
    expiresAt: AT + 1_000_000,
  },
};
const takenBack: KnownApproval = {
  standing: 'revoked',
  name: 'b',
  uid: 'uid-b',
  signature: sha256('other'),
  reason: 'ApprovalDeleted',
};
const before: IssueState = {
  ...noIssue,
  filedAt: AT - 9_000,
  approvedSince: AT - 9_000,
  approvals: [approved, takenBack],
};
const after = (type: string, data: object): IssueState =>
  evolve(before, { type, data, version: 1, at: AT } as unknown as StoredEvent);

const pull = { recovery: 'r', fence: '1.1', attempt: 0, branch: null, pullRequest: null, message: 'Restored.' };
const spec = { title: 'Again', body: '' };
for (const [title, state] of [
  ['reopened', () => after('ISSUE_REOPENED', { uid: 'u', generation: 2, spec })],
  ['recovered from a backup', () => after('RECOVERED', { ...pull, lostSince: new Date(AT).toISOString() })],
] as const)
  test(`an issue that is ${title} needs new Approvals, and what was taken back before stays so`, () => {
    const { approvals, approvedSince } = state();
    assert.deepEqual(standingApprovals(approvals), []);
    assert.equal(approvedSince, AT);
    assert.equal(isTakenBack(approvals, sha256('other')), true);
  });
