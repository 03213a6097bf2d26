import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '#crds';
import type { DomainEvent } from '../events/catalogue.ts';
import type { ApprovalVerdict } from './judge.ts';
import { decideApproval, decideDeleted, evolveApprovals, type KnownApproval, standingApprovals } from './record.ts';

const one = { name: 'shop-42-merge', uid: 'approval-1', scope: 'merge' } as const;
const verified = (digest = 'a'.repeat(64)): ApprovalVerdict => ({
  verified: true,
  identity: { subject: 'ada@example.com', issuer: 'https://accounts.example.com' },
  digest,
  document: { pullRequest: { headSHA: 'b'.repeat(40) } },
  signedAt: 1_000,
  expiresAt: 2_000,
});
const refused = (reason: Reason): ApprovalVerdict => ({ verified: false, reason, message: 'Not so.' });

/** Looks at the Approval again and again, as a controller does: what the log says in the end. */
function told(...verdicts: ApprovalVerdict[]): string[] {
  let known: readonly KnownApproval[] = [];
  const events: DomainEvent[] = [];
  for (const verdict of verdicts.flatMap((each) => [each, each])) {
    const said = decideApproval(known, one, verdict);
    known = said.reduce(evolveApprovals, known);
    events.push(...said);
  }
  return events.map(({ type }) => type);
}

test('an Approval that is verified is told once, with who signed, what and until when', () => {
  const [event] = decideApproval([], one, verified());
  assert.deepEqual(event, {
    type: 'APPROVAL_VERIFIED',
    data: {
      approval: 'shop-42-merge',
      uid: 'approval-1',
      scope: 'merge',
      digest: 'a'.repeat(64),
      headSHA: 'b'.repeat(40),
      subject: 'ada@example.com',
      issuer: 'https://accounts.example.com',
      signedAt: '1970-01-01T00:00:01.000Z',
      expiresAt: '1970-01-01T00:00:02.000Z',
    },
  });
  assert.deepEqual(told(verified()), ['APPROVAL_VERIFIED']);
});

test('an Approval that is refused is told once for each reason, and what nobody can look at is not told', () => {
  assert.deepEqual(told(refused('SignerNotListed')), ['APPROVAL_REFUSED']);
  assert.deepEqual(told(refused('SignerNotListed'), refused('DigestMismatch')), [
    'APPROVAL_REFUSED',
    'APPROVAL_REFUSED',
  ]);
  assert.deepEqual(told(refused('TrustUnreadable')), []);
});

test('an Approval that was verified and does not hold any more is revoked once, and verified again when it does', () => {
  assert.deepEqual(told(verified(), refused('DigestMismatch')), ['APPROVAL_VERIFIED', 'APPROVAL_REVOKED']);
  const back = told(verified(), refused('SignerNotListed'), refused('DigestMismatch'), verified());
  assert.deepEqual(back, ['APPROVAL_VERIFIED', 'APPROVAL_REVOKED', 'APPROVAL_VERIFIED']);
});

test('people who cannot be read revoke what was verified, for nothing that is unknown passes', () => {
  assert.deepEqual(told(verified(), refused('TrustUnreadable')), ['APPROVAL_VERIFIED', 'APPROVAL_REVOKED']);
});

test('an Approval whose time is over has said so before: nothing more is told', () => {
  assert.deepEqual(told(verified(), refused('ApprovalExpired')), ['APPROVAL_VERIFIED']);
});

test('an Approval that was deleted is revoked, unless it never held', () => {
  const known = decideApproval([], one, verified()).reduce(evolveApprovals, [] as readonly KnownApproval[]);
  assert.deepEqual(decideDeleted(known, new Set(['approval-1'])), []);
  const gone = decideDeleted(known, new Set());
  assert.deepEqual(
    gone.map(({ type }) => type),
    ['APPROVAL_REVOKED'],
  );
  assert.deepEqual(standingApprovals(gone.reduce(evolveApprovals, known)), []);
  assert.deepEqual(decideDeleted(gone.reduce(evolveApprovals, known), new Set()), []);
});

test('however many Approvals are refused, an issue remembers a bounded number and every one that holds', () => {
  let known = decideApproval([], one, verified()).reduce(evolveApprovals, [] as readonly KnownApproval[]);
  for (let index = 0; index < 500; index += 1) {
    const next = { name: `n${index}`, uid: `u${index}`, scope: 'merge' } as const;
    known = decideApproval(known, next, refused('BundleInvalid')).reduce(evolveApprovals, known);
  }
  assert.ok(known.length <= 66);
  assert.equal(standingApprovals(known).length, 1);
});
