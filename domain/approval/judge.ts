import type { Reason } from '#crds';
import { type ApprovalDocument, type ApprovalScope, approvalDigest } from './document.ts';
import { ApprovalError } from './error.ts';
import { type Human, hasLogin, humanOf, type Identity, isMachine } from './people.ts';
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
  /** The certificate says what workflow it was given to. */
  readonly workflow: boolean;
  /** When it was signed, by the earliest trusted witness, in ms. */
  readonly signedAt: number;
}

/** What an Approval is held against. */
export interface ApprovalQuestion {
  readonly scope: ApprovalScope;
  /** Digest (hex) of the issue as it is now. */
  readonly digest: string;
  readonly humans: readonly Human[];
  readonly machines: readonly Identity[];
  /** Whether whoever opened or pushed the change may not approve it; null: so where two or more humans are listed. */
  readonly fourEyes: boolean | null;
  /** Forge logins that opened or pushed the change; null where that is not known. */
  readonly authors: readonly string[] | null;
  /** In ms. */
  readonly now: number;
  /** A shorter life than {@link approvalLife}, in ms. */
  readonly life?: number;
  /** Answers lower-case hex. */
  readonly sha256: (text: string) => string;
}

/** An Approval that holds. */
export interface HoldingApproval {
  readonly verified: true;
  readonly identity: Identity;
  readonly digest: string;
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
}

export type ApprovalVerdict = HoldingApproval | RefusedApproval;

/**
 * Whether what was signed is an approval of exactly this, by somebody who may give it, and still holds. Cryptography is
 * behind us: `opened` was verified against the trusted root.
 */
export function judgeApproval(opened: OpenedBundle, question: ApprovalQuestion): ApprovalVerdict {
  const statement = readSigned(opened);
  if ('verified' in statement) return statement;
  const { digest, document, scope } = statement;
  return (
    judgeSigner(opened, question) ??
    judgeDocument(statement, question) ??
    judgeTime(opened.signedAt, scope, question) ?? {
      verified: true,
      identity: opened.identity,
      digest,
      document,
      signedAt: opened.signedAt,
      expiresAt: expiryOf(opened.signedAt, scope, question),
    }
  );
}

function readSigned({ payloadType, payload }: OpenedBundle): ReadStatement | RefusedApproval {
  if (payloadType !== statementPayloadType) {
    return refused('StatementInvalid', `The envelope carries ${quoted(payloadType)}, not ${statementPayloadType}.`);
  }
  const statement = readStatement(payload);
  if (!('refused' in statement)) return statement;
  return refused('StatementInvalid', `The signed statement cannot be taken: ${statement.refused}.`);
}

function judgeSigner({ identity, workflow }: OpenedBundle, question: ApprovalQuestion): RefusedApproval | null {
  const who = `${quoted(identity.subject)} of ${quoted(identity.issuer)}`;
  if (workflow || isMachine(identity, question.machines)) {
    return refused('MachineSigner', `${who} is a machine; only a person can approve.`);
  }
  const human = humanOf(identity, question.humans);
  if (human === undefined) {
    return refused('SignerNotListed', `${who} is not among the people who may approve; rig:root lists them.`);
  }
  if (!(question.fourEyes ?? question.humans.length >= 2)) return null;
  if (question.authors === null) {
    return refused('AuthorsUnknown', 'It is not known who pushed the change, so nobody can be told apart from them.');
  }
  if (!hasLogin(human, question.authors)) return null;
  return refused('SignerIsAuthor', `${who} opened or pushed the change; somebody else has to approve it.`);
}

function judgeDocument(statement: ReadStatement, question: ApprovalQuestion): RefusedApproval | null {
  if (hashOf(statement.document, question) !== statement.digest) {
    return refused('StatementInvalid', 'The document in the signed statement is not the one that its digest names.');
  }
  if (statement.scope !== question.scope) {
    return refused('ScopeMismatch', `What was signed is of the scope ${statement.scope}, not ${question.scope}.`);
  }
  return statement.digest === question.digest ? null : refused('DigestMismatch', differs[question.scope]);
}

const differs: Readonly<Record<ApprovalScope, string>> = {
  dispatch: 'The issue is not what was signed: its text, tier or place has changed; approve it again.',
  interface: 'The issue or its plan is not what was signed; approve it again.',
  merge:
    'The pull request or its issue is not what was signed: one more push or edit voids a merge Approval; approve it again.',
};

function hashOf(document: ApprovalDocument, { sha256 }: ApprovalQuestion): string | null {
  try {
    return approvalDigest(document, sha256);
  } catch (error) {
    if (error instanceof ApprovalError) return null;
    throw error;
  }
}

function judgeTime(signedAt: number, scope: ApprovalScope, question: ApprovalQuestion): RefusedApproval | null {
  if (!(signedAt <= question.now + SKEW_MS)) {
    return refused(
      'SignedInFuture',
      'It was signed in the future, as its log or timestamp authority tells; look at the clocks.',
    );
  }
  const expiresAt = expiryOf(signedAt, scope, question);
  if (question.now < expiresAt) return null;
  return refused('ApprovalExpired', `It held until ${new Date(expiresAt).toISOString()}; approve it again.`);
}

function expiryOf(signedAt: number, scope: ApprovalScope, { life }: ApprovalQuestion): number {
  return signedAt + Math.min(life ?? Number.POSITIVE_INFINITY, approvalLife[scope]);
}

function refused(reason: Reason, message: string): RefusedApproval {
  return { verified: false, reason, message };
}

/** Words of others, short enough for a sentence and without anything that a terminal would act on. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 199)}…`);
}
