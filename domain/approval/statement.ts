import { type ApprovalDocument, type ApprovalScope, approvalScopes, carriageReturn } from './document.ts';
import { strictJSON } from './strict-json.ts';

/** Media type of what a DSSE envelope carries here: anything else is not a statement. */
export const statementPayloadType = 'application/vnd.in-toto+json';

/** Says that a statement is an approval, of document v1. */
export const approvalPredicateType = 'https://rig.dashecorp.com/attestation/approval/v1';

/** The in-toto versions that are read. We write the first; `cosign attest-blob --predicate` writes the second. */
const statementTypes = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** What a person signs. */
export interface ApprovalStatement {
  readonly _type: string;
  /** First the document, then each manifest that it consents to, in its order. */
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: { readonly document: ApprovalDocument };
}

/**
 * The statement over a document, whose digest is `digest` (hex). The document goes with it, so that a bundle says by itself what it allows; the
 * manifests of a merge are subjects as well, so that any tool for in-toto finds what a manifest was consented to by.
 */
export function approvalStatement(document: ApprovalDocument, digest: string): ApprovalStatement {
  const subject = (name: string, sha256: string): Subject => ({ name, digest: { sha256 } });
  return {
    _type: statementTypes[0]!,
    subject: [
      subject('approval', digest),
      ...(manifestsOf(document) ?? []).map((manifest, index) => subject(`manifest-${index + 1}`, String(manifest))),
    ],
    predicateType: approvalPredicateType,
    predicate: { document },
  };
}

/** What a statement says, as far as an Approval is concerned. `document` is not bound to `digest` before somebody hashes it. */
export interface ReadStatement {
  readonly digest: string;
  readonly scope: ApprovalScope;
  readonly document: ApprovalDocument;
}

/** Reads the text of a signed statement. Whatever is not exactly one approval of one document is refused, with half a sentence why. */
export function readStatement(text: string): ReadStatement | { readonly refused: string } {
  const parsed = strictJSON(text);
  if ('refused' in parsed) return parsed;
  const statement = parsed.value;
  if (!isObject(statement)) return { refused: 'it is no object' };
  if (!statementTypes.includes(statement._type as string)) return { refused: 'its _type is no in-toto statement' };
  if (statement.predicateType !== approvalPredicateType) {
    return { refused: `its predicateType is not ${approvalPredicateType}` };
  }
  const subjects = subjectsOf(statement.subject);
  if (subjects === null) return { refused: 'each of its subjects must have one digest, a sha256' };
  const { predicate } = statement;
  if (!isObject(predicate) || !isObject(predicate.document)) return { refused: 'its predicate has no document' };
  const { document } = predicate;
  const scope = approvalScopes.find((one) => one === document.scope);
  if (scope === undefined) return { refused: 'its document has no scope' };
  const at = carriageReturn(document, 'its document');
  if (at !== null) return { refused: `${at} holds a carriage return` };
  const [digest, ...consents] = subjects;
  const manifests = manifestsOf(document);
  if (digest === undefined || manifests === null || JSON.stringify(consents) !== JSON.stringify(manifests)) {
    return { refused: 'its subjects must be the document and the manifests that the document names, in that order' };
  }
  return { digest, scope, document };
}

function subjectsOf(subjects: unknown): string[] | null {
  if (!Array.isArray(subjects)) return null;
  const digests = subjects.map((one: unknown) => (isObject(one) ? sha256Of(one.digest) : null));
  return digests.every((digest) => digest !== null) ? digests : null;
}

function sha256Of(digest: unknown): string | null {
  if (!isObject(digest) || Object.keys(digest).length !== 1) return null;
  return typeof digest.sha256 === 'string' && /^[0-9a-f]{64}$/.test(digest.sha256) ? digest.sha256 : null;
}

/** Digests of manifests in a document; empty where it is of no merge, null where that part of it is not one. */
function manifestsOf({ pullRequest }: ApprovalDocument): unknown[] | null {
  if (pullRequest === undefined) return [];
  return isObject(pullRequest) && Array.isArray(pullRequest.manifests) ? pullRequest.manifests : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
