import type { Reason } from '#crds';
import { type ApprovalDocument, type ApprovalScope, approvalDigest } from './document.ts';
import { ApprovalError } from './error.ts';
import { isSignedSince } from './known.ts';
import {
  type Account,
  type Human,
  hasAccounts,
  hasFourEyes,
  humanOf,
  type Identity,
  isMachine,
  isOneOf,
  type NameKind,
} from './people.ts';
import { type ReadStatement, readStatement, statementPayloadType } from './statement.ts';

const HOUR_MS = 3_600_000;

/** How long an Approval of a scope holds at most, in ms from the signed time. */
export const approvalLife: Readonly<Record<ApprovalScope, number>> = {
  dispatch: 168 * HOUR_MS,
  interface: 168 * HOUR_MS,
  merge: 24 * HOUR_MS,
};

/** How far the clock of a log may run ahead of ours, in ms. */
const SKEW_MS = 60_000;

/** What cryptography alone says of a bundle. */
export interface OpenedBundle {
  readonly payloadType: string;
  readonly payload: string;
  readonly identity: Identity;
  readonly nameKind: NameKind;
  /** The certificate says what workflow it was given to. */
  readonly workflow: boolean;
  /** sha256 (hex) of the key that signed: whatever is packed anew around a signature, this stays. */
  readonly key: string;
  /** When it was signed, by the earliest trusted witness, in ms. */
  readonly signedAt: number;
}

/** Whose signatures count, for what, and when: all that can be asked without knowing the issue as it is now. */
export interface SignerQuestion {
  readonly scope: ApprovalScope;
  readonly humans: readonly Human[];
  readonly machines: readonly Identity[];
  /** Whether a signature was taken back ({@link signatureOf}); whoever cannot tell asks nothing. */
  readonly revoked: (signature: string) => boolean;
  /** Since when the issue is in its present cycle, in ms: what was signed before was for an earlier one. Default always. */
  readonly since?: number;
  /** In ms. */
  readonly now: number;
  /** A shorter life than {@link approvalLife}, in ms. */
  readonly life?: number;
  /** Answers lower-case hex. */
  readonly sha256: (text: string) => string;
}

/** What an Approval is held against. */
export interface ApprovalQuestion extends SignerQuestion {
  /** Digest (hex) of the issue as it is now. */
  readonly digest: string;
  /** Whether whoever opened or pushed the change may not approve its merge; null: so where two or more humans are listed. */
  readonly fourEyes: boolean | null;
  /** Accounts that opened or pushed the change; null where that is not known. Only a merge has such. */
  readonly authors: readonly Account[] | null;
}

/** An Approval that holds. */
export interface HoldingApproval {
  readonly verified: true;
  readonly identity: Identity;
  readonly digest: string;
  /** {@link signatureOf}. */
  readonly signature: string;
  readonly document: ApprovalDocument;
  /** In ms. */
  readonly signedAt: number;
  readonly expiresAt: number;
}

export interface RefusedApproval {
  readonly verified: false;
  readonly reason: Reason;
  /** One sentence for whoever made it. */
  readonly message: string;
  /** {@link signatureOf}, where a listed person signed an approval, though it does not hold. */
  readonly signature?: string | null;
}

export type ApprovalVerdict = HoldingApproval | RefusedApproval;

/** A signature that counts as such: a person's, over one document of this scope, in time, not taken back. */
export interface SignedApproval extends HoldingApproval {
  readonly human: Human;
}

/**
 * Name of a signature: of its key and what it signs. A bundle can be packed anew, with another log entry, timestamp, or encoding of the same
 * signature; its name stays, so that what was taken back stays so.
 */
export function signatureOf(
  { key }: Pick<OpenedBundle, 'key'>,
  digest: string,
  sha256: (text: string) => string,
): string {
  return sha256(`${key} ${digest}`);
}

/**
 * Whether what was signed is an approval of exactly this, by somebody who may give it, and still holds. Cryptography is
 * behind us: `opened` was verified against the trusted root.
 */
export function judgeApproval(opened: OpenedBundle, question: ApprovalQuestion): ApprovalVerdict {
  const signed = judgeSigned(opened, question);
  if (!signed.verified) return signed;
  const { human, ...holds } = signed;
  const refusal = judgeEyes(human, question) ?? judgePresent(signed, question);
  return refusal === null ? holds : { ...refusal, signature: signed.signature };
}

/** The part of {@link judgeApproval} that needs to know nothing of the issue as it is now: what fails here is refused, whatever else cannot be read. */
export function judgeSigned(opened: OpenedBundle, question: SignerQuestion): SignedApproval | RefusedApproval {
  const statement = readSigned(opened);
  if ('verified' in statement) return statement;
  const human = judgeSigner(opened, question);
  if ('verified' in human) return human;
  const { digest, document, scope } = statement;
  const refusal = judgeDocument(statement, question);
  if (refusal !== null) return refusal;
  const signature = signatureOf(opened, digest, question.sha256);
  const late = judgeTime(opened.signedAt, scope, question) ?? judgeStanding(signature, question);
  if (late !== null) return { ...late, signature };
  const { identity, signedAt } = opened;
  const expiresAt = expiryOf(signedAt, scope, question);
  return { verified: true, identity, digest, signature, document, signedAt, expiresAt, human };
}

/**
 * Whether a merge Approval held when its head was merged: that it has expired since takes nothing back, that it was deleted or its signer taken off
 * the list does. Which manifests it consents to is {@link consentsTo}.
 */
export function judgeMerged(
  opened: OpenedBundle,
  {
    merged,
    ...question
  }: Omit<SignerQuestion, 'scope' | 'now'> & {
    /** The head that was merged, and when (ms). */
    readonly merged: { readonly headSHA: string; readonly at: number };
  },
): ApprovalVerdict {
  const signed = judgeSigned(opened, { ...question, scope: 'merge', now: merged.at });
  if (!signed.verified) return signed;
  const { human: _, ...holds } = signed;
  const { pullRequest } = signed.document as { pullRequest?: { headSHA?: unknown } };
  if (pullRequest?.headSHA === merged.headSHA) return holds;
  return {
    ...refused('DigestMismatch', 'Another head was merged than the one that was signed.'),
    signature: signed.signature,
  };
}

/** Whether a merge that was approved consents to a manifest (its digest, or that of its removal). */
export function consentsTo(document: ApprovalDocument, manifest: string): boolean {
  const { pullRequest } = document as { pullRequest?: { manifests?: unknown } };
  return Array.isArray(pullRequest?.manifests) && pullRequest.manifests.includes(manifest);
}

function readSigned({ payloadType, payload }: OpenedBundle): ReadStatement | RefusedApproval {
  if (payloadType !== statementPayloadType) {
    return refused('StatementInvalid', `The envelope carries ${quoted(payloadType)}, not ${statementPayloadType}.`);
  }
  const statement = readStatement(payload);
  if (!('refused' in statement)) return statement;
  return refused('StatementInvalid', `The signed statement cannot be taken: ${statement.refused}.`);
}

function judgeSigner(
  { identity, nameKind, workflow }: OpenedBundle,
  question: SignerQuestion,
): Human | RefusedApproval {
  const who = whoIs(identity);
  if (workflow || isMachine(identity, question.machines)) {
    return refused('MachineSigner', `${who} is a machine; only a person can approve.`);
  }
  const human = humanOf(identity, question.humans);
  if (human === undefined) {
    return refused('SignerNotListed', `${who} is not among the people who may approve; rig:root lists them.`);
  }
  if (nameKind === (human.kind ?? 'email')) return human;
  return refused(
    'SignerNotListed',
    `${who} has a certificate for ${nameKind === 'uri' ? 'a URI' : 'a mail address'}, which is not what the list of people says the name is.`,
  );
}

function judgeEyes(human: Human, question: ApprovalQuestion): RefusedApproval | null {
  if (question.scope !== 'merge' || !hasFourEyes(question)) return null;
  if (question.authors === null) {
    return refused('AuthorsUnknown', 'It is not known who pushed the change, so nobody can be told apart from them.');
  }
  if (!hasAccounts(human)) {
    return refused(
      'AuthorsUnknown',
      `The list of people does not say which accounts at the forge ${whoIs(human)} has, so it is not known whether they pushed the change.`,
    );
  }
  if (!isOneOf(human, question.authors)) return null;
  return refused('SignerIsAuthor', `${whoIs(human)} opened or pushed the change; somebody else has to approve it.`);
}

function judgeDocument(statement: ReadStatement, question: SignerQuestion): RefusedApproval | null {
  if (hashOf(statement.document, question) !== statement.digest) {
    return refused('StatementInvalid', 'The document in the signed statement is not the one that its digest names.');
  }
  if (statement.scope === question.scope) return null;
  return refused('ScopeMismatch', `What was signed is of the scope ${statement.scope}, not ${question.scope}.`);
}

function judgePresent({ digest }: HoldingApproval, question: ApprovalQuestion): RefusedApproval | null {
  return digest === question.digest ? null : refused('DigestMismatch', differs[question.scope]);
}

const differs: Readonly<Record<ApprovalScope, string>> = {
  dispatch: 'The issue is not what was signed: its text, tier or place has changed; approve it again.',
  interface: 'The issue or its plan is not what was signed; approve it again.',
  merge:
    'The pull request or its issue is not what was signed: one more push or edit, or another grade, voids a merge Approval; approve it again.',
};

function hashOf(document: ApprovalDocument, { sha256 }: SignerQuestion): string | null {
  try {
    return approvalDigest(document, sha256);
  } catch (error) {
    if (error instanceof ApprovalError) return null;
    throw error;
  }
}

function judgeTime(signedAt: number, scope: ApprovalScope, question: SignerQuestion): RefusedApproval | null {
  if (!(signedAt <= question.now + SKEW_MS)) {
    return refused(
      'SignedInFuture',
      'It was signed in the future, as its log or timestamp authority tells; look at the clocks.',
    );
  }
  if (!isSignedSince(signedAt, question.since ?? 0)) {
    return refused(
      'ApprovalOutdated',
      'It was signed before the issue was taken up again, and holds for what was then; approve it again.',
    );
  }
  const expiresAt = expiryOf(signedAt, scope, question);
  if (question.now < expiresAt) return null;
  return refused('ApprovalExpired', `It held until ${new Date(expiresAt).toISOString()}; approve it again.`);
}

function judgeStanding(signature: string, { revoked }: SignerQuestion): RefusedApproval | null {
  if (!revoked(signature)) return null;
  return refused(
    'ApprovalDeleted',
    'An Approval with this signature was deleted, which takes it back for good; approve it again to sign anew.',
  );
}

function expiryOf(signedAt: number, scope: ApprovalScope, { life }: SignerQuestion): number {
  return signedAt + Math.min(life ?? Number.POSITIVE_INFINITY, approvalLife[scope]);
}

function refused(reason: Reason, message: string): RefusedApproval {
  return { verified: false, reason, message };
}

function whoIs({ subject, issuer }: Identity): string {
  return `${quoted(subject)} of ${quoted(issuer)}`;
}

/** Words of others, short enough for a sentence and without anything that a terminal would act on. */
function quoted(text: string): string {
  const plain = (text.length <= 200 ? text : `${text.slice(0, 197)}...`).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${plain}"`;
}
