import { createHash } from 'node:crypto';
import type { Issue, Repository } from '#crds';
import {
  type ApprovalDocument,
  type ApprovalInput,
  type ApprovalScope,
  approvalDigest,
  approvalDocument,
  floorOf,
  type IssueState,
  isHigher,
  type PullRequestFacts,
} from '#domain';
import { type KubeObject, NAMESPACES, Retry } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import { repositoryKey } from '../issues/world.ts';
import { pushersOf } from '../mirror/rules.ts';
import { numberOf } from '../objects.ts';
import type { Changes } from './change.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** An issue as it is now, as a signature would bind it. */
export interface Present {
  readonly document: ApprovalDocument;
  /** Hex. */
  readonly digest: string;
  /** Forge logins with a hand in the change; null where one of them is not known. */
  readonly authors: readonly string[] | null;
}

/** Makes the document of an issue for a scope from what the cluster, the log and git say now. */
export class PresentReader {
  readonly #conductor: Conductor;
  readonly #changes: Pick<Changes, 'of'>;
  #clusterUID: Promise<string> | undefined;

  constructor(conductor: Conductor, changes: Pick<Changes, 'of'>) {
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
      ...wishOf(issue, repository, state),
      scope,
      clusterUID: await this.#cluster(),
      forge: { host: key.host, repositoryId: key.id, number: numberOf(issue) ?? null },
      change,
    });
    const authors = pull === null ? [] : await this.#authors(repository, pull);
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

  async #pull(repository: Repository, state: IssueState): Promise<PullRequestFacts | null> {
    if (state.pullRequest === null) return null;
    const { mirror, log } = this.#conductor;
    const { facts } = await mirror.pull(log.pool, repositoryKey(repository)!, state.pullRequest.number);
    if (!facts.known) throw new Retry('FactUnknown', facts.why);
    return facts.value;
  }

  async #authors(repository: Repository, pull: PullRequestFacts): Promise<string[] | null> {
    const known = [pull.author, ...pull.commits.flatMap(({ authors }) => authors)];
    const ids = new Set(known.map(({ id }) => id));
    const pushers = await pushersOf(this.#conductor.log.pool, repositoryKey(repository)!, pull.head.ref);
    return [...pushers].every((id) => ids.has(id)) ? known.map(({ login }) => login) : null;
  }
}

function wishOf(
  issue: Issue,
  repository: Repository,
  state: IssueState,
): Omit<ApprovalInput, 'scope' | 'clusterUID' | 'forge' | 'change'> {
  const { metadata, spec, status } = issue;
  const graded = state.classified?.tier ?? 'T3';
  const floor = floorOf(state);
  return {
    namespace: metadata.namespace!,
    name: metadata.name!,
    uid: metadata.uid!,
    baseBranch: repository.spec.defaultBranch,
    effectiveTier: floor !== null && isHigher(floor, graded) ? floor : graded,
    taskClass: state.classified?.taskClass ?? null,
    title: spec.title,
    body: spec.body ?? '',
    taskSpec: spec.taskSpec ?? null,
    planDigest: status?.plan?.digest ?? null,
  };
}
