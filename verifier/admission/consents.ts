import { createHash } from 'node:crypto';
import type { Approval } from '#crds';
import {
  APPROVAL_CHECK,
  consentsTo,
  type FoundConsent,
  type GivenConsent,
  judgeMerged,
  judgeSigned,
  type MergeDocument,
  mergeOf,
  type OpenedBundle,
  readStatement,
  type SignerQuestion,
} from '#domain';
import type { Informer, KubeObject } from '#lib/kube';
import type { ApprovedPull, KeptConsent } from '../approvals/kept-consents.ts';
import type { Vouching } from './machines.ts';

export type KnownApproval = Approval & KubeObject;

/** A head, and the branch that its pull request goes to, or went to. */
interface Going {
  readonly headSHA: string;
  readonly baseRef: string;
}

/** Where the change stands that a merge Approval is for. */
export type Fate =
  | (Going & { readonly state: 'merged' /** In ms. */; readonly at: number })
  /** `passes`: the verifier's own check lets the head through now. */
  | (Going & { readonly state: 'open'; readonly passes: boolean })
  /** It is given up. */
  | { readonly state: 'closed' }
  | { readonly state: 'unknown'; readonly why: string };

/** Whose signatures count now. */
export interface ConsentTrust extends Pick<SignerQuestion, 'humans' | 'machines' | 'revoked'> {
  /** Verifies a bundle offline; null where it does not verify. */
  readonly open: (approval: KnownApproval) => OpenedBundle | null;
  /** The same of any other bundle. */
  readonly openText: (bundle: string) => OpenedBundle | null;
  /**
   * Whether the check of its pull request counted a signature: then all that it signed was what the verifier itself read of issue and change, its
   * list of manifests too, and nobody signed their own work where that is not allowed.
   */
  readonly counted: (signature: string) => boolean;
  /** What was counted, and named a digest (hex); also where its Approval was deleted since, or its signer has left. */
  readonly kept: (digest: string) => readonly KeptConsent[];
}

export interface ConsentSources {
  readonly approvals: Pick<Informer<KnownApproval>, 'hasSynced' | 'byIndex' | 'addIndex'>;
  /** Throws where the trusted root or the people cannot be read. */
  readonly trust: () => Promise<ConsentTrust>;
  /** Uid of the namespace kube-system. */
  readonly clusterUID: () => Promise<string>;
  readonly fate: (approved: ApprovedPull) => Promise<Fate>;
  /** Which machines signed for the head that a document binds. */
  readonly machines: (merge: MergeDocument, trust: ConsentTrust) => Promise<Vouching>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What is known of the consents to one digest. */
export interface Looked {
  readonly found: readonly FoundConsent[];
  /** Why more could not be looked at now. */
  readonly unknown: readonly string[];
  /** Approvals that a listed person signed, and why they do not count, or not yet: a sentence each. */
  readonly uncounted: readonly string[];
}

/** What stands against an older consent. */
export interface Standing {
  readonly found: readonly GivenConsent[];
  /** Why more could not be looked at now. */
  readonly unknown: readonly string[];
}

type Judged =
  | FoundConsent
  | { readonly unknown: string; readonly signedAt: number }
  | { readonly uncounted: string }
  | null;

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const MANIFEST = 'consents';

/**
 * The verified merge Approvals of the cluster, by what they consent to. What an Approval claims finds it; what it is worth is
 * verified from its bundle each time, against the trusted root and the people of this moment.
 */
export class Consents {
  readonly #sources: ConsentSources;

  constructor(sources: ConsentSources) {
    this.#sources = sources;
    sources.approvals.addIndex(MANIFEST, claimedDigests);
  }

  /** Whether every Approval of the cluster has been seen since the start. */
  ready(): boolean {
    return this.#sources.approvals.hasSynced();
  }

  /** Approvals that consent to what a digest (hex) names, with the machines that signed for their heads where `machines` asks. Throws what {@link ConsentSources.trust} throws. */
  async of(digest: string, { machines = false } = {}): Promise<Looked> {
    const looked = await this.#judgeAll({ digest, machines });
    return {
      found: looked.filter((one) => 'approval' in one),
      unknown: looked.flatMap((one) => ('unknown' in one ? one.unknown : [])),
      uncounted: looked.flatMap((one) => ('uncounted' in one ? one.uncounted : [])),
    };
  }

  /**
   * What was consented to with one of these digests, in `since` (ms) or later, and stands against what was consented to before: what was merged, and
   * what may be. Neither deleting its Approval nor taking its signer off the list undoes that; to give up its pull request does. Throws what
   * {@link ConsentSources.trust} throws.
   */
  async against(digests: readonly string[], since: number): Promise<Standing> {
    const { kept } = await this.#sources.trust();
    const isSince = ({ signedAt }: { readonly signedAt: number }) => signedAt >= since;
    const live = (await Promise.all(digests.map((digest) => this.#judgeAll({ digest, machines: false })))).flat();
    const found = live.filter((one) => 'approval' in one).filter(isSince);
    const known = new Set(found.map(({ signature }) => signature));
    const others = new Map(digests.flatMap(kept).map((one) => [one.signature, one]));
    const past = [...others.values()].filter((one) => isSince(one) && !known.has(one.signature));
    const stands = await Promise.all(past.map((one) => this.#stands(one)));
    return {
      found: [...found, ...stands.flatMap((one) => one.found)],
      unknown: [
        ...live.flatMap((one) => ('unknown' in one && isSince(one) ? one.unknown : [])),
        ...stands.flatMap((one) => one.unknown),
      ],
    };
  }

  /** Approvals that claim to name a digest, and what there is to say of each. */
  async #judgeAll(asked: { readonly digest: string; readonly machines: boolean }) {
    const claimed = this.#sources.approvals
      .byIndex(MANIFEST, asked.digest)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (claimed.length === 0) return [];
    const [trust, clusterUID] = await Promise.all([this.#sources.trust(), this.#sources.clusterUID()]);
    const judged = await Promise.all(claimed.map((approval) => this.#judge(approval, asked, trust, clusterUID)));
    return judged.filter((one) => one !== null);
  }

  async #stands(consent: KeptConsent): Promise<Standing> {
    const fate = await this.#sources.fate(consent.pull);
    if (fate.state === 'unknown') return { found: [], unknown: [`Approval ${consent.approval}: ${fate.why}`] };
    const { baseBranch, pullRequest } = consent.pull;
    // What goes elsewhere now may be turned back; what was merged elsewhere is given up, where it is known what was signed.
    const isMerged = (merged: Going) =>
      merged.headSHA === pullRequest.headSHA && (baseBranch === null || merged.baseRef === baseBranch);
    const stands = fate.state === 'open' || (fate.state === 'merged' && isMerged(fate));
    return { found: stands ? [consent] : [], unknown: [] };
  }

  /** Null where the Approval consents to nothing, whatever becomes of its change. */
  async #judge(
    approval: KnownApproval,
    asked: { readonly digest: string; readonly machines: boolean },
    trust: ConsentTrust,
    clusterUID: string,
  ): Promise<Judged> {
    const opened = trust.open(approval);
    const statement = opened && readStatement(opened.payload);
    if (opened === null || statement === null || 'refused' in statement) return null;
    const { document } = statement;
    const merge = mergeOf(document);
    if (merge === null || !isOf(merge, approval, clusterUID) || !consentsTo(document, asked.digest)) return null;
    const question = { ...trust, sha256 };
    // Whoever signed it does not count: nobody has to be asked what became of the change.
    const signed = judgeSigned(opened, { ...question, scope: 'merge', now: opened.signedAt });
    if (!signed.verified) return null;
    const name = `${approval.metadata.namespace}/${approval.metadata.name}`;
    if (!trust.counted(signed.signature))
      return { uncounted: `The check ${APPROVAL_CHECK} has not counted Approval ${name}.` };
    const fate = await this.#sources.fate(merge);
    const { signedAt } = opened;
    if (fate.state === 'unknown') return { unknown: `Approval ${name}: ${fate.why}`, signedAt };
    if (fate.state === 'closed') return { uncounted: `The pull request of Approval ${name} is closed.` };
    if (fate.baseRef !== merge.baseBranch)
      return {
        uncounted: `The pull request of Approval ${name} goes to ${fate.baseRef}, and not to ${merge.baseBranch}.`,
      };
    if (fate.state === 'open' && !fate.passes)
      return { uncounted: `The check ${APPROVAL_CHECK} holds back the pull request of Approval ${name}.` };
    const verdict =
      fate.state === 'merged'
        ? judgeMerged(opened, { ...question, merged: fate })
        : judgeOpen(opened, merge, fate.headSHA, { ...question, now: this.#sources.now() });
    if (!verdict?.verified) return null;
    const { identity: human, signature } = verdict;
    const found = { approval: name, signature, signedAt, human };
    if (!asked.machines) return { ...found, machines: [] };
    const vouching = await this.#sources.machines(merge, trust);
    if (vouching.state === 'unknown') return { unknown: `Approval ${name}: ${vouching.why}`, signedAt };
    return { ...found, machines: vouching.machines };
  }
}

/** Before its merge an Approval holds for a time, and for the head that was signed alone. */
function judgeOpen(
  opened: OpenedBundle,
  { pullRequest }: MergeDocument,
  headSHA: string,
  question: Omit<SignerQuestion, 'scope'>,
) {
  return pullRequest.headSHA === headSHA ? judgeSigned(opened, { ...question, scope: 'merge' }) : null;
}

/** Whether a document is of this cluster, and of the very Issue that its Approval is filed for. */
function isOf(document: MergeDocument, { metadata, spec }: KnownApproval, clusterUID: string): boolean {
  return (
    document.clusterUID === clusterUID &&
    document.namespace === metadata.namespace &&
    document.name === spec.issueRef.name &&
    document.uid === spec.issueRef.uid &&
    spec.scope === 'merge'
  );
}

/** What an Approval says it consents to. Nothing of it is verified: it only tells which ones to look at. */
function claimedDigests({ spec }: KnownApproval): string[] {
  if (spec.scope !== 'merge') return [];
  const { dsseEnvelope } = JSON.parse(spec.bundle) as { dsseEnvelope?: { payload?: string } };
  const statement = readStatement(Buffer.from(String(dsseEnvelope?.payload), 'base64').toString('utf8'));
  if ('refused' in statement) return [];
  const { manifests } = (statement.document.pullRequest ?? {}) as { manifests?: unknown };
  return Array.isArray(manifests) ? manifests.filter((one) => typeof one === 'string') : [];
}
