import type { Issue, Repository } from '#crds';
import {
  type Account,
  type ApprovalDocument,
  ApprovalError,
  type ApprovalInput,
  type ApprovalScope,
  approvalDigest,
  approvalDocument,
  floorOf,
  type IssueState,
  isBrought,
  isHigher,
  type PullRequestFacts,
  trustedWork,
} from '#domain';
import { type KubeObject, NAMESPACES, Retry } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import { repositoryKey } from '../issues/world.ts';
import { movesBeside, pushingAccounts } from '../mirror/rules.ts';
import { numberOf } from '../objects.ts';
import type { Changes } from './change.ts';
import { sha256 } from './hash.ts';

/** An issue as it is now, as a signature would bind it. */
export interface Present {
  readonly document: ApprovalDocument;
  /** Hex. */
  readonly digest: string;
  /** Accounts that opened or pushed the change; null where it is not known who pushed its head. Empty where nothing was. */
  readonly authors: readonly Account[] | null;
}

/** Makes the document of an issue for a scope from what the cluster, the log and git say now. */
export class PresentReader {
  readonly #conductor: Conductor;
  readonly #changes: Pick<Changes, 'of' | 'lineage'>;
  #clusterUID: Promise<string> | undefined;

  constructor(conductor: Conductor, changes: Pick<Changes, 'of' | 'lineage'>) {
    this.#conductor = conductor;
    this.#changes = changes;
  }

  /** Throws ApprovalError where the issue has nothing of that scope to approve, Retry where something cannot be read now. */
  async of(issue: Issue & KubeObject, state: IssueState, scope: ApprovalScope): Promise<Present> {
    const repository = this.#conductor.objects.repositories.get(
      issue.metadata.namespace!,
      issue.spec.repositoryRef.name,
    );
    const key = repositoryKey(repository);
    if (repository === undefined || key === null)
      throw new Retry('RepositoryNotReady', 'The Repository is not known at its forge yet.');
    const pull = scope === 'merge' ? await this.#pull(repository, state) : null;
    const change =
      pull && (await this.#changes.of(repository, { number: pull.number, branch: pull.head.ref, sha: pull.head.sha }));
    const document = approvalDocument({
      ...wishOf(issue, repository),
      ...gradeOf(state, scope),
      planDigest: state.plan?.digest ?? null,
      scope,
      clusterUID: await this.#cluster(),
      forge: { host: key.host, repositoryId: key.id, number: numberOf(issue) ?? null },
      change,
    });
    const authors = pull === null ? [] : await this.#authors(repository, state, pull);
    return { document, digest: approvalDigest(document, sha256), authors };
  }

  #cluster(): Promise<string> {
    const read = async () => (await this.#conductor.client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid!;
    this.#clusterUID ??= read().catch((error) => {
      this.#clusterUID = undefined;
      throw error;
    });
    return this.#clusterUID;
  }

  /** The pull request, where it is one that a merge of ours could be of, and its grade is of the head that it has now. */
  async #pull(repository: Repository, state: IssueState): Promise<PullRequestFacts | null> {
    if (state.pullRequest === null) return null;
    const { mirror, log } = this.#conductor;
    const { facts } = await mirror.pull(log.pool, repositoryKey(repository)!, state.pullRequest.number);
    if (!facts.known) throw new Retry('FactUnknown', facts.why);
    const pull = facts.value;
    const unfit = unfitness(pull, repository);
    if (unfit !== null) throw new ApprovalError('MissingPart', `Pull request #${pull.number} ${unfit}`);
    if (state.change?.headSHA !== pull.head.sha)
      throw new Retry('FactUnknown', `The change up to ${pull.head.sha} is not graded yet, so its tier is not known.`);
    return pull;
  }

  /** What git says of who wrote a commit anybody can write into it; who opened and who pushed, the forge tells. */
  async #authors(repository: Repository, state: IssueState, pull: PullRequestFacts): Promise<Account[] | null> {
    const { author, head, complete } = pull;
    const { mirror, log } = this.#conductor;
    if (!complete.commits) return null;
    const key = repositoryKey(repository)!;
    // What the gateway forwarded an agent pushed, under an account of the rig.
    const forwarded = state.forwarded.some(({ sha, branch }) => sha === head.sha && branch === head.ref);
    if (!forwarded && !(await mirror.pusherOf(log.pool, key, head.sha, head.ref)).known) return null;
    const pushing = [author, ...(await pushingAccounts(log.pool, key, pull))];
    return [...pushing, ...(await this.#bringers(repository, pull, pushing))];
  }

  /** Others who brought one of the commits to another branch, or into another pull request, however deep below what they pushed. */
  async #bringers(
    repository: Repository,
    { commits }: PullRequestFacts,
    known: readonly Account[],
  ): Promise<Account[]> {
    const moves = await movesBeside(this.#conductor.log.pool, repositoryKey(repository)!, known);
    if (moves.length === 0) return [];
    const own = commits.map(({ sha }) => sha);
    const tips = moves.flatMap(({ after }) => after ?? []);
    const besides = moves.flatMap(({ before }) => before ?? []);
    const told = await this.#changes.lineage(repository, { own, tips, besides });
    const lineage = { ...told, own: new Set(own) };
    return moves.filter((move) => isBrought(move, lineage)).map(({ actor }) => actor);
  }
}

/** Why a pull request cannot be approved to merge where the document says it goes; null where nothing is against it. */
function unfitness({ state, base, head }: PullRequestFacts, { spec }: Repository): string | null {
  if (state !== 'open') return `is ${state}, so there is no merge of it to approve.`;
  if (head.repositoryId !== base.repositoryId)
    return 'comes from another repository, whose branches are not read here.';
  if (base.ref === spec.defaultBranch) return null;
  return `goes to ${base.ref}; set its base to ${spec.defaultBranch}, which is what a merge of this Repository goes to.`;
}

/**
 * The tier is the highest that anything asks for, in every scope: what raises it voids what was signed before. The class is that of the change where a
 * merge is approved, and that of what was asked before there is one.
 */
function gradeOf(state: IssueState, scope: ApprovalScope): Pick<ApprovalInput, 'effectiveTier' | 'taskClass'> {
  const { tier, taskClass } = trustedWork(state);
  const floor = floorOf(state);
  return {
    effectiveTier: floor !== null && isHigher(floor, tier) ? floor : tier,
    taskClass: (scope === 'merge' ? taskClass : state.classified?.taskClass) || null,
  };
}

function wishOf(
  issue: Issue,
  repository: Repository,
): Omit<ApprovalInput, 'scope' | 'clusterUID' | 'forge' | 'change' | 'effectiveTier' | 'taskClass' | 'planDigest'> {
  const { metadata, spec } = issue;
  return {
    namespace: metadata.namespace!,
    name: metadata.name!,
    uid: metadata.uid!,
    baseBranch: repository.spec.defaultBranch,
    title: spec.title,
    body: spec.body ?? '',
    taskSpec: spec.taskSpec ?? null,
  };
}
