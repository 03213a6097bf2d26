import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '#crds';
import type { DomainEvent } from '../events/catalogue.ts';
import { sha256 } from '../testing/approval.ts';
import type { ApprovalVerdict, HoldingApproval } from './judge.ts';
import { isTakenBack, type KnownApproval, standingApprovals } from './known.ts';
import { decideApproval, decideLook, evolveApprovals, type Looked, outdateApprovals } from './record.ts';

const object = (name: string): Looked['looked'] => ({ name, uid: `uid-${name}`, scope: 'merge' });
const one = object('shop-42-merge');
const SIGNATURE = sha256('a signature');
const verified = (change: Partial<HoldingApproval> = {}): HoldingApproval => ({
  verified: true,
  identity: { subject: 'ada@example.com', issuer: 'https://accounts.example.com' },
  digest: 'a'.repeat(64),
  signature: SIGNATURE,
  document: { pullRequest: { headSHA: 'b'.repeat(40) } },
  signedAt: 1_000,
  expiresAt: 2_000,
  ...change,
});
const refused = (reason: Reason, signature?: string): ApprovalVerdict => ({
  verified: false,
  reason,
  message: 'Not so.',
  ...(signature !== undefined && { signature }),
});

/** The Approvals of an issue as a controller looks at them, again and again. */
class Rig {
  known: readonly KnownApproval[] = [];
  readonly told: string[] = [];

  /** Looks at what is there: a verdict by the name of its object. Answers what was told this time. */
  look(there: Readonly<Record<string, ApprovalVerdict>>): string[] {
    const looks = Object.entries(there).map(([name, verdict]) => ({ looked: object(name), verdict }));
    const { events } = decideLook(this.known, looks, new Set(looks.map(({ looked }) => looked.uid)));
    return this.tell(events);
  }

  tell(events: readonly DomainEvent[]): string[] {
    this.known = events.reduce(evolveApprovals, this.known);
    const said = events.map(({ type, data }) => {
      const { approval, reason } = data as { approval: string; reason?: string };
      return [type.replace('APPROVAL_', ''), approval, reason].filter(Boolean).join(' ');
    });
    this.told.push(...said);
    return said;
  }

  verdicts(there: Readonly<Record<string, ApprovalVerdict>>): string[] {
    const looks = Object.entries(there).map(([name, verdict]) => ({ looked: object(name), verdict }));
    const { verdicts } = decideLook(this.known, looks, new Set(looks.map(({ looked }) => looked.uid)));
    return verdicts.map((verdict) => (verdict.verified ? 'Verified' : verdict.reason));
  }
}

/** What is told of one Approval that is looked at twice for each verdict. */
function told(...verdicts: ApprovalVerdict[]): string[] {
  const rig = new Rig();
  for (const verdict of verdicts.flatMap((each) => [each, each])) rig.look({ a: verdict });
  return rig.told.map((said) => said.split(' ')[0]!);
}

test('an Approval that is verified is told once, with who signed, what and until when', () => {
  const [event] = decideApproval([], one, verified());
  assert.deepEqual(event, {
    type: 'APPROVAL_VERIFIED',
    data: {
      approval: 'shop-42-merge',
      uid: 'uid-shop-42-merge',
      scope: 'merge',
      digest: 'a'.repeat(64),
      signature: SIGNATURE,
      headSHA: 'b'.repeat(40),
      subject: 'ada@example.com',
      issuer: 'https://accounts.example.com',
      signedAt: '1970-01-01T00:00:01.000Z',
      expiresAt: '1970-01-01T00:00:02.000Z',
    },
  });
  assert.deepEqual(told(verified()), ['VERIFIED']);
});

test('an Approval that is refused is told once for each reason, and what nobody can look at is not told', () => {
  assert.deepEqual(told(refused('SignerNotListed')), ['REFUSED']);
  assert.deepEqual(told(refused('SignerNotListed'), refused('DigestMismatch', SIGNATURE)), ['REFUSED', 'REFUSED']);
  assert.deepEqual(told(refused('TrustUnreadable')), []);
});

test('a long message of a refusal is told in part: it must fit into the log', () => {
  const message = 'x'.repeat(9_000);
  const [event] = decideApproval([], one, { verified: false, reason: 'SignatureInvalid', message });
  assert.equal((event!.data as { message: string }).message.length, 1_024);
});

test('an Approval that was verified and does not hold any more is revoked once, and verified again when it does', () => {
  assert.deepEqual(told(verified(), refused('DigestMismatch', SIGNATURE)), ['VERIFIED', 'REVOKED']);
  const back = told(verified(), refused('SignerNotListed'), refused('DigestMismatch', SIGNATURE), verified());
  assert.deepEqual(back, ['VERIFIED', 'REVOKED', 'VERIFIED']);
});

test('people who cannot be read revoke what was verified, for nothing that is unknown passes', () => {
  assert.deepEqual(told(verified(), refused('TrustUnreadable')), ['VERIFIED', 'REVOKED']);
});

test('an Approval whose time is over has said so before: nothing more is told', () => {
  assert.deepEqual(told(verified(), refused('ApprovalExpired', SIGNATURE)), ['VERIFIED']);
});

test('an Approval that was deleted is revoked once, and its signature is taken back in whatever object it is filed again', () => {
  const rig = new Rig();
  rig.look({ a: verified() });
  assert.deepEqual(rig.look({}), ['REVOKED a ApprovalDeleted']);
  assert.deepEqual(rig.look({}), []);
  assert.deepEqual(standingApprovals(rig.known), []);
  assert.equal(isTakenBack(rig.known, SIGNATURE), true);
  assert.deepEqual(rig.verdicts({ b: verified() }), ['ApprovalDeleted']);
  rig.look({ b: verified() });
  assert.deepEqual(standingApprovals(rig.known), []);
  assert.deepEqual(rig.look({ c: verified({ signature: sha256('signed again') }) }), ['VERIFIED c']);
});

test('what did not hold when it was deleted is taken back as well: what it is held against may be again what it was', () => {
  for (const before of [[refused('DigestMismatch', SIGNATURE)], [verified(), refused('DigestMismatch', SIGNATURE)]]) {
    const rig = new Rig();
    for (const verdict of before) rig.look({ a: verdict });
    assert.deepEqual(rig.look({}), ['REVOKED a ApprovalDeleted']);
    assert.deepEqual(rig.verdicts({ b: verified() }), ['ApprovalDeleted']);
  }
});

test('a signature that is filed many times is one Approval, and deleting the first takes all of them back', () => {
  const rig = new Rig();
  const copies = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`copy-${at}`, verified()]));
  assert.deepEqual(rig.look({ a: verified(), ...copies }), ['VERIFIED a']);
  assert.equal(rig.known.length, 1);
  assert.deepEqual(rig.verdicts({ a: verified(), 'copy-1': verified() }), ['Verified', 'ApprovalRepeated']);
  assert.deepEqual(rig.look(copies), ['REVOKED a ApprovalDeleted']);
  assert.deepEqual(standingApprovals(rig.known), []);
});

test('a copy that holds while the first does not takes nothing over from it', () => {
  const rig = new Rig();
  rig.look({ a: verified() });
  rig.look({ a: refused('DigestMismatch', SIGNATURE) });
  assert.deepEqual(rig.look({ b: verified(), a: verified() }), ['VERIFIED a']);
  assert.deepEqual(rig.look({ b: verified() }), ['REVOKED a ApprovalDeleted']);
});

test('a refused copy says nothing of the first', () => {
  const rig = new Rig();
  rig.look({ a: verified() });
  assert.deepEqual(rig.look({ a: verified(), b: refused('ScopeMismatch') }), ['REFUSED b ScopeMismatch']);
  assert.deepEqual(rig.look({ a: verified(), b: refused('DigestMismatch', SIGNATURE) }), []);
  assert.equal(standingApprovals(rig.known).length, 1);
});

test('however many Approvals are refused, and however often they are looked at, what is told of them ends', () => {
  const rig = new Rig();
  const junk = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`junk-${at}`, refused('BundleInvalid')]));
  assert.equal(rig.look({ a: verified(), ...junk }).length, 65);
  for (let again = 0; again < 3; again += 1) assert.deepEqual(rig.look({ a: verified(), ...junk }), []);
  assert.deepEqual(rig.look({ a: verified(), ...junk, z: verified({ signature: sha256('late') }) }), ['VERIFIED z']);
  assert.equal(rig.known.length, 66);
});

test('what was approved before an issue is taken up again stands no more, and taking it back stays known', () => {
  const rig = new Rig();
  rig.look({ a: verified(), gone: verified({ signature: sha256('gone') }) });
  rig.look({ a: verified() });
  rig.known = outdateApprovals(rig.known);
  assert.deepEqual(standingApprovals(rig.known), []);
  assert.equal(isTakenBack(rig.known, sha256('gone')), true);
  assert.deepEqual(rig.look({ a: refused('ApprovalOutdated', SIGNATURE) }), []);
});
