import type { Issue } from '#crds';
import { judgeSigned, mergeOf, type OpenedBundle } from '#domain';
import type { PullRequestSummary } from '#lib/forge';
import { type KubeObject, Retry } from '#lib/kube';
import { approvalsOf, type Objects } from '../objects.ts';
import { type ConsentTrust, sha256 } from './consents.ts';

export interface ApprovedSources {
  readonly objects: { readonly approvals: Pick<Objects['approvals'], 'hasSynced' | 'byIndex'> };
  /** Throws where the trusted root or the people cannot be read. */
  readonly trust: () => Promise<ConsentTrust>;
  /** Uid of the namespace kube-system. */
  readonly clusterUID: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Whether a person signed the merge of exactly this head into the branch that it goes to, for this very Issue, and the check of the pull request counted that: while it is open now, and
 * where it is merged when that was done. Throws Retry before every Approval was seen, and what {@link ApprovedSources.trust} throws.
 */
export async function isApproved(
  { objects, trust, clusterUID, now }: ApprovedSources,
  issue: Issue & KubeObject,
  pull: PullRequestSummary,
): Promise<boolean> {
  if (!objects.approvals.hasSynced())
    throw new Retry('FactUnknown', 'Not every Approval has been seen yet; try again.');
  const filed = approvalsOf(objects as Pick<Objects, 'approvals'>, issue).filter(
    ({ metadata, spec }) => spec.scope === 'merge' && metadata.deletionTimestamp === undefined,
  );
  if (filed.length === 0) return false;
  const [trusted, cluster] = await Promise.all([trust(), clusterUID()]);
  const at = pull.state === 'merged' ? Date.parse(pull.mergedAt ?? '') : now();
  return filed.some((approval) => {
    const opened = trusted.open(approval);
    return opened !== null && isOfMerge(opened, { issue, pull, cluster }, { trusted, at });
  });
}

function isOfMerge(
  opened: OpenedBundle,
  { issue: { metadata }, pull, cluster }: { issue: Issue; pull: PullRequestSummary; cluster: string },
  { trusted, at }: { trusted: ConsentTrust; at: number },
): boolean {
  const signed = judgeSigned(opened, { ...trusted, scope: 'merge', now: at, sha256 });
  if (!signed.verified || !trusted.counted(signed.signature)) return false;
  const merge = mergeOf(signed.document);
  return (
    merge !== null &&
    merge.clusterUID === cluster &&
    merge.namespace === metadata.namespace &&
    merge.uid === metadata.uid &&
    merge.forge.repositoryId === pull.base.repositoryId &&
    merge.baseBranch === pull.base.ref &&
    merge.pullRequest.number === pull.number &&
    merge.pullRequest.headSHA === pull.head.sha
  );
}
