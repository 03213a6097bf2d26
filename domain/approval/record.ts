import type { DomainEvent } from '../events/catalogue.ts';
import type { RecordedApproval } from './covers.ts';
import type { ApprovalScope } from './document.ts';
import type { ApprovalVerdict, HoldingApproval } from './judge.ts';

/** An Approval that was looked at: what the log said of it last. */
export type KnownApproval =
  | { readonly standing: 'verified'; readonly approval: RecordedApproval }
  | { readonly standing: 'refused' | 'revoked'; readonly uid: string; readonly reason: string };

/** Which object was looked at. */
export interface LookedAt {
  readonly name: string;
  readonly uid: string;
  readonly scope: ApprovalScope;
}

/** Refused Approvals of one issue that are remembered: anybody who may make one may make many. */
const REMEMBERED = 64;

/**
 * What the log does not know yet of an Approval: that it was verified, that it is refused and why, or that it does not hold
 * any more. Nothing for what was said already; an Approval whose time is over has said when that would be.
 */
export function decideApproval(
  known: readonly KnownApproval[],
  { name, uid, scope }: LookedAt,
  verdict: ApprovalVerdict,
): DomainEvent[] {
  const before = known.find((one) => uidOf(one) === uid);
  const of = { approval: name, uid };
  if (verdict.verified) {
    if (before?.standing === 'verified' && before.approval.digest === verdict.digest) return [];
    return [{ type: 'APPROVAL_VERIFIED', data: { ...of, scope, ...said(verdict) } }];
  }
  const { reason, message } = verdict;
  if (before?.standing === 'verified') {
    return reason === 'ApprovalExpired' ? [] : [{ type: 'APPROVAL_REVOKED', data: { ...of, reason, message } }];
  }
  // What cannot be looked at is not refused: nobody knows.
  if (reason === 'TrustUnreadable' || before?.reason === reason) return [];
  return before?.standing === 'revoked' ? [] : [{ type: 'APPROVAL_REFUSED', data: { ...of, scope, reason, message } }];
}

/** The Approvals of an issue that are there no more: `present` are the uids of those that are. */
export function decideDeleted(known: readonly KnownApproval[], present: ReadonlySet<string>): DomainEvent[] {
  return known.flatMap((one): DomainEvent[] => {
    if (one.standing !== 'verified' || present.has(one.approval.uid)) return [];
    const { name, uid } = one.approval;
    const message = `Approval ${name} was deleted, which takes it back.`;
    return [{ type: 'APPROVAL_REVOKED', data: { approval: name, uid, reason: 'ApprovalDeleted', message } }];
  });
}

/** What is known of an issue's Approvals after one more event. */
export function evolveApprovals(known: readonly KnownApproval[], event: DomainEvent): readonly KnownApproval[] {
  switch (event.type) {
    case 'APPROVAL_VERIFIED':
      return put(known, { standing: 'verified', approval: recorded(event.data) });
    case 'APPROVAL_REFUSED':
      return put(known, { standing: 'refused', uid: event.data.uid, reason: event.data.reason });
    case 'APPROVAL_REVOKED':
      return put(known, { standing: 'revoked', uid: event.data.uid, reason: event.data.reason });
    default:
      return known;
  }
}

/** Those that were verified and not revoked. Their time may be over. */
export function standingApprovals(known: readonly KnownApproval[]): RecordedApproval[] {
  return known.flatMap((one) => (one.standing === 'verified' ? [one.approval] : []));
}

function put(known: readonly KnownApproval[], next: KnownApproval): readonly KnownApproval[] {
  const others = known.filter((one) => uidOf(one) !== uidOf(next));
  const spare = others.length < REMEMBERED ? undefined : others.find(({ standing }) => standing !== 'verified');
  return [...others.filter((one) => one !== spare), next];
}

function uidOf(known: KnownApproval): string {
  return known.standing === 'verified' ? known.approval.uid : known.uid;
}

function said({ identity, digest, document, signedAt, expiresAt }: HoldingApproval) {
  const { pullRequest } = document as { pullRequest?: { headSHA?: string } };
  return {
    digest,
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
