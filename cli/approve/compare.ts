import type { Issue, Repository, Tier } from '#crds';
import {
  ApprovalError,
  type ApprovalInput,
  type ApprovedChange,
  approvalDigest,
  approvalDocument,
  canonicalJSON,
  isHigher,
} from '#domain';
import type { ApprovalResponse } from '#lib/conductor';
import { ExitCode, ExitError } from '#lib/terminal';

/** What the API server tells whoever signs, whatever the conductor says. */
export interface Seen {
  readonly issue: Issue;
  readonly repository: Repository;
  /** Uid of the namespace kube-system; null where whoever signs may not read it. */
  readonly clusterUID: string | null;
}

/** The members of document v1 that nobody but the conductor can tell yet, or that may be higher than what the status says. */
interface Told {
  readonly clusterUID?: unknown;
  readonly effectiveTier?: unknown;
  readonly taskClass?: unknown;
  readonly pullRequest?: unknown;
  readonly planDigest?: unknown;
}

/**
 * Makes the document from what the API server has, and holds what the conductor says would be signed against it, member by member, and against its own
 * digest. What only the conductor and git know is the class of the work and what is in the change: that is shown. Throws ExitError where the two
 * differ: nobody signs something else than they were shown.
 */
export function checkDocument(offered: ApprovalResponse, seen: Seen, sha256: (text: string) => string): void {
  const { issue, repository } = seen;
  try {
    const expected = approvalDocument(expectedOf(offered, seen));
    const same =
      canonicalJSON(expected) === canonicalJSON(offered.document) &&
      approvalDigest(offered.document, sha256) === offered.digest &&
      tierFits(offered.document as Told, issue) &&
      pullFits(offered.document as Told, issue) &&
      planFits(offered, sha256);
    if (same) return;
  } catch (error) {
    if (!(error instanceof ApprovalError)) throw error;
  }
  throw new ExitError(
    ExitCode.NotDone,
    `What the conductor offers to sign is not Issue ${issue.metadata.name} and Repository ${repository.metadata.name} as the API server has them; ask again, and look at both if it stays so.`,
  );
}

function expectedOf({ scope, document }: ApprovalResponse, { issue, repository, clusterUID }: Seen): ApprovalInput {
  const { metadata, spec, status } = issue;
  const told = document as Told;
  const forge = repository.status?.forge;
  return {
    scope,
    clusterUID: clusterUID ?? String(told.clusterUID),
    namespace: metadata.namespace!,
    name: metadata.name!,
    uid: metadata.uid!,
    forge: {
      host: new URL(repository.spec.apiURL).host,
      repositoryId: forge?.repositoryID ?? 0,
      number: spec.number ?? status?.number ?? null,
    },
    baseBranch: repository.spec.defaultBranch,
    effectiveTier: told.effectiveTier as Tier,
    taskClass: typeof told.taskClass === 'string' ? told.taskClass : null,
    title: spec.title,
    body: spec.body ?? '',
    taskSpec: spec.taskSpec ?? null,
    planDigest: status?.plan?.digest ?? null,
    change: (told.pullRequest ?? null) as ApprovedChange | null,
  };
}

const TIERS: readonly unknown[] = ['T0', 'T1', 'T2', 'T3'] satisfies Tier[];

/** To sign for a higher tier than the work has allows nothing that a lower one would not. */
function tierFits({ effectiveTier }: Told, { spec, status }: Issue): boolean {
  if (!TIERS.includes(effectiveTier)) return false;
  const least = [spec.tier, status?.effectiveTier].filter((tier) => tier !== undefined);
  return least.every((tier) => !isHigher(tier, effectiveTier as Tier));
}

function pullFits({ pullRequest }: Told, { status }: Issue): boolean {
  const known = status?.pullRequest;
  if (pullRequest === undefined || known === undefined) return true;
  const { number, headSHA } = pullRequest as Partial<ApprovedChange>;
  return number === known.number && (known.headSHA === undefined || headSHA === known.headSHA);
}

/** The plan that is shown is the one whose digest is signed, and it is there wherever one is signed. */
function planFits({ scope, document, plan }: ApprovalResponse, sha256: (text: string) => string): boolean {
  if (scope !== 'interface') return true;
  return plan !== undefined && (document as Told).planDigest === `sha256:${sha256(plan)}`;
}
