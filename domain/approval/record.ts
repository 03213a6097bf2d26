import type { DomainEvent } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { ApprovalScope } from './document.ts';
import type { ApprovalVerdict, HoldingApproval, RefusedApproval } from './judge.ts';
import { isTakenBack, type KnownApproval, nameOf, type RecordedApproval, signatureKnown, uidOf } from './known.ts';

/** Which object was looked at. */
export interface LookedAt {
  readonly name: string;
  readonly uid: string;
  readonly scope: ApprovalScope;
}

/** Refusals of one issue that are told: anybody who may make an Approval may make many. What holds a listed person's signature has room of its own. */
const TOLD = { unsigned: 64, signed: 256 } as const;
const MESSAGE_LIMIT = 1_024;

/** An Approval that was looked at, and what it is worth by itself. */
export interface Looked {
  readonly looked: LookedAt;
  readonly verdict: ApprovalVerdict;
}

/**
 * One look at an issue's Approvals: what each is worth in the light of the log and of each other, and what the log does not know yet. Looking again at
 * the same tells nothing.
 */
export function decideLook(
  known: readonly KnownApproval[],
  looks: readonly Looked[],
  present: ReadonlySet<string>,
): { readonly verdicts: readonly ApprovalVerdict[]; readonly events: DomainEvent[] } {
  const events = decideDeleted(known, present);
  let now = events.reduce(evolveApprovals, known);
  const verdicts = looks.map(({ looked, verdict }) => {
    const settled = settleVerdict(now, looked, verdict, present);
    const told = decideApproval(now, looked, settled);
    now = told.reduce(evolveApprovals, now);
    events.push(...told);
    return settled;
  });
  return { verdicts, events };
}

/**
 * A verdict in the light of what the log knows: a signature that was taken back stays so in whatever object it is filed again, and one that stands
 * already is nothing new. `present` are the uids of the Approvals that are there.
 */
function settleVerdict(
  known: readonly KnownApproval[],
  { uid }: LookedAt,
  verdict: ApprovalVerdict,
  present: ReadonlySet<string>,
): ApprovalVerdict {
  if (!verdict.verified) return verdict;
  const { signature } = verdict;
  if (isTakenBack(known, signature))
    return refused(
      'ApprovalDeleted',
      'An Approval with this signature was deleted, which takes it back for good; approve it again to sign anew.',
      signature,
    );
  const first = known.find((one) => signatureKnown(one) === signature);
  if (first === undefined || uidOf(first) === uid || !present.has(uidOf(first))) return verdict;
  const message = `Approval ${nameOf(first)} holds this signature already; this one adds nothing.`;
  return refused('ApprovalRepeated', message, signature);
}

/**
 * What the log does not know yet of an Approval: that it was verified, that it is refused and why, or that it does not hold
 * any more. Nothing for what was said already; an Approval whose time is over has said when that would be. However often it is
 * called for however many Approvals, what it tells ends.
 */
export function decideApproval(
  known: readonly KnownApproval[],
  { name, uid, scope }: LookedAt,
  verdict: ApprovalVerdict,
): DomainEvent[] {
  const before = lastOf(known, uid, verdict.signature ?? null);
  const of = { approval: name, uid };
  if (verdict.verified) {
    if (before?.standing === 'verified' && before.approval.digest === verdict.digest) return [];
    return [{ type: 'APPROVAL_VERIFIED', data: { ...of, scope, ...said(verdict) } }];
  }
  const { reason } = verdict;
  const signature = verdict.signature ?? null;
  const message = clip(verdict.message, MESSAGE_LIMIT);
  if (before?.standing === 'verified') {
    // Another object with the same signature says nothing of the first.
    if (reason === 'ApprovalExpired' || before.approval.uid !== uid) return [];
    return [{ type: 'APPROVAL_REVOKED', data: { ...of, reason, message } }];
  }
  if (before?.standing === 'revoked' || before?.reason === reason || !isTold(known, before, verdict)) return [];
  return [
    { type: 'APPROVAL_REFUSED', data: { ...of, scope, reason, message, ...(signature !== null && { signature }) } },
  ];
}

/** What cannot be looked at is not refused: nobody knows. */
function isTold(known: readonly KnownApproval[], before: KnownApproval | undefined, verdict: RefusedApproval): boolean {
  if (verdict.reason === 'TrustUnreadable' || verdict.reason === 'ApprovalRepeated') return false;
  if (before !== undefined) return true;
  const signed = (verdict.signature ?? null) !== null;
  const told = known.filter((one) => one.standing === 'refused' && (one.signature !== null) === signed);
  return told.length < (signed ? TOLD.signed : TOLD.unsigned);
}

/**
 * The Approvals of an issue that are there no more: `present` are the uids of those that are. A signature is taken back for good by deleting the
 * object that it was told of, also where it did not hold at that moment: what it is held against may be again what it was.
 */
function decideDeleted(known: readonly KnownApproval[], present: ReadonlySet<string>): DomainEvent[] {
  return known.flatMap((one): DomainEvent[] => {
    const uid = uidOf(one);
    if (present.has(uid) || signatureKnown(one) === null) return [];
    if (one.standing !== 'verified' && one.reason === 'ApprovalDeleted') return [];
    const name = nameOf(one);
    const message = `Approval ${name} was deleted, which takes it back.`;
    return [{ type: 'APPROVAL_REVOKED', data: { approval: name, uid, reason: 'ApprovalDeleted', message } }];
  });
}

/** What is known once an issue is taken up again: what was signed for its earlier cycle stands no more, and stays known. */
export function outdateApprovals(known: readonly KnownApproval[]): readonly KnownApproval[] {
  return known.map((one) => {
    if (one.standing !== 'verified') return one;
    const { name, uid, signature } = one.approval;
    return { standing: 'revoked', name, uid, signature, reason: 'ApprovalOutdated' };
  });
}

/** What is known of an issue's Approvals after one more event. */
export function evolveApprovals(known: readonly KnownApproval[], event: DomainEvent): readonly KnownApproval[] {
  switch (event.type) {
    case 'APPROVAL_VERIFIED':
      return put(known, { standing: 'verified', approval: recorded(event.data) });
    case 'APPROVAL_REFUSED': {
      const { approval: name, uid, reason, signature = null } = event.data;
      return put(known, { standing: 'refused', name, uid, reason, signature });
    }
    case 'APPROVAL_REVOKED': {
      const { approval: name, uid, reason } = event.data;
      const before = known.find((one) => uidOf(one) === uid);
      return put(known, {
        standing: 'revoked',
        name,
        uid,
        reason,
        signature: before === undefined ? null : signatureKnown(before),
      });
    }
    default:
      return known;
  }
}

function lastOf(known: readonly KnownApproval[], uid: string, signature: string | null): KnownApproval | undefined {
  return (
    known.find((one) => signature !== null && signatureKnown(one) === signature) ??
    known.find((one) => uidOf(one) === uid)
  );
}

/** One entry for each signature, and for each object without one. */
function put(known: readonly KnownApproval[], next: KnownApproval): readonly KnownApproval[] {
  const signature = signatureKnown(next);
  const same = (one: KnownApproval) =>
    uidOf(one) === uidOf(next) || (signature !== null && signatureKnown(one) === signature);
  return [...known.filter((one) => !same(one)), next];
}

function said({ identity, digest, signature, document, signedAt, expiresAt }: HoldingApproval) {
  const { pullRequest } = document as { pullRequest?: { headSHA?: string } };
  return {
    digest,
    signature,
    headSHA: pullRequest?.headSHA ?? null,
    subject: identity.subject,
    issuer: identity.issuer,
    signedAt: new Date(signedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

type Verified = Extract<DomainEvent, { type: 'APPROVAL_VERIFIED' }>['data'];

function recorded({ approval, subject, issuer, signedAt, expiresAt, ...same }: Verified): RecordedApproval {
  return {
    name: approval,
    ...same,
    identity: { subject, issuer },
    signedAt: Date.parse(signedAt),
    expiresAt: Date.parse(expiresAt),
  };
}

function refused(reason: RefusedApproval['reason'], message: string, signature: string): RefusedApproval {
  return { verified: false, reason, message, signature };
}
