import type { Tier } from '../events/catalogue.ts';
import { byUnits, canonicalJSON } from './canonical.ts';
import { ApprovalError } from './error.ts';

/** What a person can say yes to. */
export const approvalScopes = ['dispatch', 'interface', 'merge'] as const;
export type ApprovalScope = (typeof approvalScopes)[number];

/** The change that a merge Approval is for. */
export interface ApprovedChange {
  /** Number of the pull request. */
  readonly number: number;
  readonly headSHA: string;
  /** The commit that the change starts from: where head and base branch part. It stays while others merge. */
  readonly baseSHA: string;
  /** Every path that the change touches, a renamed file's two among them, in any order. From git and complete. */
  readonly paths: readonly string[];
  /** sha256 (hex) of each manifest in it that needs consent, in any order. */
  readonly manifests: readonly string[];
}

/** An issue as it is now: all that a signature binds. */
export interface ApprovalInput {
  readonly scope: ApprovalScope;
  /** Uid of the namespace kube-system: the one name that a cluster has. */
  readonly clusterUID: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly forge: { readonly host: string; readonly repositoryId: number; readonly number: number | null };
  readonly baseBranch: string;
  readonly effectiveTier: Tier;
  readonly taskClass: string | null;
  readonly title: string;
  readonly body: string;
  readonly taskSpec: {
    readonly goal?: string;
    readonly acceptance?: readonly string[];
    readonly interfaces?: readonly string[];
    readonly files?: readonly string[];
  } | null;
  /** Digest of the plan; asked for where scope is `interface`. */
  readonly planDigest?: string | null;
  /** Asked for where scope is `merge`. */
  readonly change?: ApprovedChange | null;
}

/** Document v1, as {@link approvalDocument} makes it: plain JSON. */
export type ApprovalDocument = { readonly [key: string]: unknown };

/**
 * Document v1 of what is approved. The same issue always gives the same document: members that are absent are left out,
 * paths and digests are sorted and each there once, and the two bytes that end a line where a browser wrote it are one
 * line feed. Throws {@link ApprovalError} where a part is missing, or a text holds a carriage return of its own or half of
 * a surrogate pair: what one reader sees must be what every reader hashes.
 */
export function approvalDocument(input: ApprovalInput): ApprovalDocument {
  const { taskSpec, forge } = input;
  const document = {
    scope: input.scope,
    clusterUID: input.clusterUID,
    namespace: input.namespace,
    name: input.name,
    uid: input.uid,
    forge: { host: forge.host, repositoryId: forge.repositoryId, number: forge.number ?? undefined },
    baseBranch: input.baseBranch,
    effectiveTier: input.effectiveTier,
    taskClass: input.taskClass ?? undefined,
    title: lines(input.title),
    body: lines(input.body),
    taskSpec: taskSpec === null ? undefined : specOf(taskSpec),
    ...(input.scope === 'interface' && { planDigest: required(input.planDigest, 'a plan') }),
    ...(input.scope === 'merge' && { pullRequest: changeOf(required(input.change, 'a pull request')) }),
  };
  return checked(document);
}

/** The digest that a signature names: sha256 of the document's one text. `sha256` answers lower-case hex. */
export function approvalDigest(document: ApprovalDocument, sha256: (text: string) => string): string {
  return sha256(canonicalJSON(document));
}

function specOf(spec: NonNullable<ApprovalInput['taskSpec']>) {
  const list = (texts: readonly string[] | undefined) => texts?.map(lines);
  return {
    goal: spec.goal === undefined ? undefined : lines(spec.goal),
    acceptance: list(spec.acceptance),
    interfaces: list(spec.interfaces),
    files: list(spec.files),
  };
}

function changeOf({ number, headSHA, baseSHA, paths, manifests }: ApprovedChange) {
  return { number, headSHA, baseSHA, paths: sorted(paths), manifests: sorted(manifests) };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(byUnits);
}

function lines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function required<T>(part: T | null | undefined, what: string): T {
  if (part === null || part === undefined) {
    throw new ApprovalError(
      'MissingPart',
      `The issue has no ${what.replace(/^an? /, '')} yet, so there is nothing of that scope to approve.`,
    );
  }
  return part;
}

/** Plain JSON without absent members; refuses every text that hides something. */
function checked(document: object): ApprovalDocument {
  const plain = JSON.parse(canonicalJSON(document)) as ApprovalDocument;
  const at = carriageReturn(plain, 'The document');
  if (at !== null) {
    throw new ApprovalError('BadText', `${at} holds a carriage return that ends no line; remove it and try again.`);
  }
  return plain;
}

/** Where a text, or the name of a member, holds a carriage return; null where none does. */
export function carriageReturn(value: unknown, at: string): string | null {
  if (typeof value === 'string') return value.includes('\r') ? at : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, member] of Object.entries(value)) {
    const found = key.includes('\r') ? at : carriageReturn(member, `${at}.${key}`);
    if (found !== null) return found;
  }
  return null;
}
