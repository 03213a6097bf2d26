import { createHash } from 'node:crypto';
import type { Approval, Issue, Repository } from '#crds';
import {
  type Account,
  type ApprovalDocument,
  ApprovalError,
  type ApprovalVerdict,
  type ApprovedChange,
  approvalDigest,
  approvalDocument,
  type CheckedApproval,
  type Fact,
  type HoldingApproval,
  judgeSigned,
  known,
  mergeOf,
  type SignerQuestion,
  type Tier,
  unknown,
  verifyApproval,
} from '#domain';
import { AttestError } from '#lib/attest';
import { isKubeError, type KubeClient, type KubeObject, NAMESPACES, Retry } from '#lib/kube';
import { approvalsOf, numberOf, type Objects } from '../objects.ts';
import type { Bundles, Opened } from './bundles.ts';
import { claimOf } from './claim.ts';
import { heldIn, type Signatures } from './signatures.ts';
import type { TrustReader, TrustView } from './trust.ts';

/** A head that wants to be merged, as the verifier knows it for itself. */
export interface ApprovedHead {
  readonly repository: Repository & KubeObject;
  /** At the forge. */
  readonly forge: { readonly host: string; readonly repositoryId: number };
  readonly sha: string;
  /** Its open pull requests onto the default branch. */
  readonly pulls: readonly number[];
  /** What a signature binds of it, or a sentence why none can. */
  readonly change: Omit<ApprovedChange, 'number'> | string;
  readonly tier: Tier;
  /** Accounts with a hand in the change, asked for only where there is an Approval; null where they are not known. */
  readonly authors: () => Promise<readonly Account[] | null>;
}

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** Verifies merge Approvals for a head, from their bundles alone and against what the verifier itself reads of issue and change. */
export class ApprovalChecks {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #objects: Pick<Objects, 'approvals'>;
  readonly #trust: TrustReader;
  readonly #signatures: Signatures;
  readonly #bundles: Pick<Bundles, 'open'>;
  readonly #now: () => number;
  #clusterUID: string | undefined;

  constructor(
    client: Pick<KubeClient, 'get'>,
    objects: Pick<Objects, 'approvals'>,
    parts: {
      readonly trust: TrustReader;
      readonly signatures: Signatures;
      readonly bundles: Pick<Bundles, 'open'>;
      readonly now: () => number;
    },
  ) {
    this.#client = client;
    this.#objects = objects;
    this.#trust = parts.trust;
    this.#signatures = parts.signatures;
    this.#bundles = parts.bundles;
    this.#now = parts.now;
  }

  /** Every merge Approval of these Issues that claims to be of the head, with what it is worth now. Unknown where that cannot be told. */
  async of(head: ApprovedHead, issues: readonly (Issue & KubeObject)[]): Promise<Fact<readonly CheckedApproval[]>> {
    const claimed = issues.flatMap((issue) =>
      approvalsOf(this.#objects, issue)
        .filter(({ metadata, spec }) => spec.scope === 'merge' && metadata.deletionTimestamp === undefined)
        .flatMap((approval) => {
          const claim = claimOf(approval.spec.bundle);
          return claim?.headSHA === head.sha ? [{ issue, approval, claim }] : [];
        }),
    );
    if (claimed.length === 0) return known([], 0);
    try {
      const view = await this.#trust.read();
      const { revoked } = await this.#signatures.standing();
      const authors = await head.authors();
      const checked: CheckedApproval[] = [];
      for (const { issue, approval, claim } of claimed) {
        const document = await this.#present(head, issue, claim.document);
        const verdict = this.#verify(approval, document, { view, revoked, authors });
        // Also where it does not fit yet: who deletes it now has taken it back for good.
        if (verdict.verified)
          await this.#signatures.hold(verdict.signature, heldIn(approval), consentOf(approval, verdict));
        else if (verdict.signature) await this.#signatures.hold(verdict.signature, heldIn(approval), null);
        checked.push({ name: approval.metadata.name!, issue: issue.metadata.name!, verdict });
      }
      return known(checked, 0);
    } catch (error) {
      if (error instanceof AttestError || error instanceof Retry || isKubeError(error)) return unknown(error.message);
      throw error;
    }
  }

  #verify(
    approval: Approval & KubeObject,
    document: ApprovalDocument | string,
    at: { view: TrustView; revoked: (signature: string) => boolean; authors: readonly Account[] | null },
  ): ApprovalVerdict {
    const { humans, machines, fourEyes } = at.view;
    const signer = { scope: 'merge', humans, machines, revoked: at.revoked, sha256, now: this.#now() } as const;
    const open = () => this.#bundles.open(approval, at.view);
    if (typeof document === 'string') return unfit(document, signer, open());
    const question = { ...signer, fourEyes, authors: at.authors, digest: approvalDigest(document, sha256) };
    return verifyApproval(approval.spec.bundle, question, open);
  }

  /** The document as the verifier makes it; or a sentence why there is none. What was signed says the tier and the class, which only may not be lower. */
  async #present(head: ApprovedHead, issue: Issue, signed: ApprovalDocument): Promise<ApprovalDocument | string> {
    const { metadata, spec } = issue;
    const { pullRequest, effectiveTier, taskClass } = signed as Signed;
    const number = pullRequest?.number;
    if (number === undefined || !head.pulls.includes(number))
      return `It is of pull request #${number ?? '?'}, which is not open with this head onto ${head.repository.spec.defaultBranch}.`;
    if (effectiveTier !== head.tier)
      return `It was signed as ${JSON.stringify(effectiveTier ?? 'no tier').slice(0, 20)}, and the change is ${head.tier}: set spec.tier of the Issue to ${head.tier}, and approve it again.`;
    if (typeof head.change === 'string') return head.change;
    try {
      return approvalDocument({
        scope: 'merge',
        clusterUID: await this.#cluster(),
        namespace: metadata.namespace!,
        name: metadata.name!,
        uid: metadata.uid!,
        forge: { ...head.forge, number: numberOf(issue) ?? null },
        baseBranch: head.repository.spec.defaultBranch,
        effectiveTier: head.tier,
        taskClass: typeof taskClass === 'string' ? taskClass : null,
        title: spec.title,
        body: spec.body ?? '',
        taskSpec: spec.taskSpec ?? null,
        change: { ...head.change, number },
      });
    } catch (error) {
      if (error instanceof ApprovalError) return error.message;
      throw error;
    }
  }

  async #cluster(): Promise<string> {
    this.#clusterUID ??= (await this.#client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid!;
    return this.#clusterUID;
  }
}

/** What is read of a document that somebody claims to have signed. */
interface Signed {
  readonly pullRequest?: { readonly number?: number };
  readonly effectiveTier?: string;
  readonly taskClass?: unknown;
}

/** Of what is signed as it should be, and fits nothing: why, and whose signature it is all the same. */
function unfit(message: string, signer: SignerQuestion, opened: Opened): ApprovalVerdict {
  if ('refused' in opened) return { verified: false, reason: opened.refused, message: opened.message };
  const signed = judgeSigned(opened, signer);
  if (!signed.verified) return signed;
  return { verified: false, reason: 'DigestMismatch', message, signature: signed.signature };
}

/** What the signature consents to; null for a document that names no merge, which holds nothing. */
function consentOf({ metadata }: Approval & KubeObject, { signedAt, document }: HoldingApproval) {
  const merge = mergeOf(document);
  if (merge === null) return null;
  const { namespace, forge, baseBranch, pullRequest } = merge;
  const pull = {
    namespace,
    forge: { host: forge.host, repositoryId: forge.repositoryId },
    baseBranch,
    pullRequest: { number: pullRequest.number, headSHA: pullRequest.headSHA },
  };
  return { approval: `${metadata.namespace}/${metadata.name}`, signedAt, pull, manifests: pullRequest.manifests };
}
