import type { ApprovalScope } from './document.ts';
import type { Identity } from './people.ts';

/** A signature that was verified, as the log knows it. */
export interface RecordedApproval {
  /** Of the object that it was first seen in. */
  readonly name: string;
  readonly uid: string;
  /** Of key and document: the same in whatever object the bundle is filed. */
  readonly signature: string;
  readonly scope: ApprovalScope;
  /** sha256 (hex) of the document that was signed. */
  readonly digest: string;
  /** The head that a merge Approval is bound to; null for other scopes. */
  readonly headSHA: string | null;
  readonly identity: Identity;
  /** In ms. */
  readonly signedAt: number;
  readonly expiresAt: number;
}

/**
 * What the log said last of a signature, or of an object whose bundle holds none that counts (`signature` null). What was verified or taken
 * back is never forgotten: there is no more of it than listed people signed.
 */
export type KnownApproval =
  | { readonly standing: 'verified'; readonly approval: RecordedApproval }
  | {
      readonly standing: 'refused' | 'revoked';
      readonly name: string;
      readonly uid: string;
      readonly signature: string | null;
      readonly reason: string;
    };

/** Uid of the object that it was told of. */
export function uidOf(known: KnownApproval): string {
  return known.standing === 'verified' ? known.approval.uid : known.uid;
}

/** Name of the object that it was told of. */
export function nameOf(known: KnownApproval): string {
  return known.standing === 'verified' ? known.approval.name : known.name;
}

/** The signature that it is about; null where none counts. */
export function signatureKnown(known: KnownApproval): string | null {
  return known.standing === 'verified' ? known.approval.signature : known.signature;
}

/** Those that were verified and not revoked. Their time may be over. */
export function standingApprovals(known: readonly KnownApproval[]): RecordedApproval[] {
  return known.flatMap((one) => (one.standing === 'verified' ? [one.approval] : []));
}

/** Whether what was signed is of the cycle that began at `since`. Both in ms; a witness of a signature tells the time in whole seconds. */
export function isSignedSince(signedAt: number, since: number): boolean {
  return signedAt >= Math.floor(since / 1_000) * 1_000;
}

/** Whether a signature was taken back by deleting an Approval that holds it: that is for good. */
export function isTakenBack(known: readonly KnownApproval[], signature: string): boolean {
  return known.some(
    (one) => one.standing === 'revoked' && one.reason === 'ApprovalDeleted' && one.signature === signature,
  );
}
