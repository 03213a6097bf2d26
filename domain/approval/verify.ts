import { type ApprovalQuestion, type ApprovalVerdict, judgeApproval, type OpenedBundle } from './judge.ts';

/** A bundle that does not verify, and why in one sentence. */
export interface UnopenedBundle {
  readonly refused: 'BundleInvalid' | 'SignatureInvalid';
  readonly message: string;
}

/** What cryptography says of a bundle, offline, against the trusted root: `openedOrRefused` of lib/attest with a root in hand. */
export type BundleOpener = (bundle: string) => OpenedBundle | UnopenedBundle;

/**
 * What an Approval is worth now, from its bundle alone: nothing that anybody wrote beside it is believed. For whoever is about to act on one: the
 * question has the digest of the document as they make it for themselves, people and machines as they are listed at this moment, and which
 * signatures were taken back. The same question always has the same answer.
 */
export function verifyApproval(bundle: string, question: ApprovalQuestion, open: BundleOpener): ApprovalVerdict {
  const opened = open(bundle);
  if (!('refused' in opened)) return judgeApproval(opened, question);
  return { verified: false, reason: opened.refused, message: opened.message };
}
