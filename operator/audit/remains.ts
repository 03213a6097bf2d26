import type { AgentTask, Issue, Repository } from '#crds';
import type { Remains } from '#domain';
import type { Forge, PullRequestSummary, RepositoryName } from '#lib/forge';
import type { KubeClient, KubeObject } from '#lib/kube';
import type { Forges } from '../forges/forges.ts';
import { AGENT_TASKS, ISSUES, numberOf, REPOSITORIES } from '../objects.ts';

/** Everything that the cluster and the forge still show of work, whatever the database remembers. */
export interface Traces {
  readonly issues: readonly (Issue & KubeObject)[];
  readonly tasks: readonly (AgentTask & KubeObject)[];
  readonly repositories: readonly (Repository & KubeObject)[];
  /** Pull requests changed since the loss, by `namespace/name` of the Repository; one that could not be listed is not in it. */
  readonly pulls: ReadonlyMap<string, readonly PullRequestSummary[]>;
  /** What the forge calls each Repository of {@link pulls} today, by the same key. */
  readonly names: ReadonlyMap<string, RepositoryName>;
  /** Why a Repository could not be read, by the same key. */
  readonly unread: ReadonlyMap<string, string>;
}

/** Reads them all; what a forge does not answer is told, never taken for empty. */
export async function readTraces(client: KubeClient, forges: Forges, since: string | null): Promise<Traces> {
  const [issues, tasks, repositories] = await Promise.all([
    client.list(ISSUES).then(({ items }) => items),
    client.list(AGENT_TASKS).then(({ items }) => items),
    client.list(REPOSITORIES).then(({ items }) => items),
  ]);
  const pulls = new Map<string, readonly PullRequestSummary[]>();
  const names = new Map<string, RepositoryName>();
  const unread = new Map<string, string>();
  for (const repository of repositories) {
    try {
      const { forge } = await forges.forRepository(repository);
      const name = await nameOf(forge, repository);
      pulls.set(keyOf(repository), await listPulls(forge, name, since));
      names.set(keyOf(repository), name);
    } catch (error) {
      unread.set(keyOf(repository), (error as Error).message);
    }
  }
  return { issues, tasks, repositories, pulls, names, unread };
}

export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** What the forge calls it today: it may have been renamed in the lost time, and its name have been taken by another. */
async function nameOf(forge: Forge, { spec, status }: Repository): Promise<RepositoryName> {
  const id = status?.forge?.repositoryID;
  const { owner, name } = id === undefined ? spec : await forge.repositoryById(id);
  return { owner, name };
}

async function listPulls(forge: Forge, repository: RepositoryName, since: string | null) {
  const listing = await forge.listPullRequests(repository, {
    state: 'all',
    ...(since === null ? {} : { since }),
  });
  if (listing.notModified || !listing.complete)
    throw new Error(`The pull requests of ${repository.owner}/${repository.name} are too many to be listed.`);
  return listing.items;
}

/** What is left of one issue's work. A fork's pull request, and one that was closed, are none of it. Pure. */
export function remainsOf(traces: Traces, issue: Issue & KubeObject): Remains {
  const { namespace, name } = issue.metadata;
  const repository = `${namespace}/${issue.spec.repositoryRef.name}`;
  const forgeId = traces.repositories.find((one) => keyOf(one) === repository)?.status?.forge?.repositoryID;
  const branches = (traces.pulls.get(repository) ?? []).flatMap((pull) => {
    const attempt = attemptOf(name!, pull.head.ref);
    return attempt === null || pull.head.repositoryId !== forgeId ? [] : [{ pull, attempt }];
  });
  const tasks = traces.tasks.filter(
    ({ metadata, spec }) => metadata.namespace === namespace && spec.subject.issueRef?.name === name,
  );
  const attempts = [
    ...branches.map(({ attempt }) => attempt),
    ...tasks.map(({ spec }) => spec.attempt ?? 0),
    issue.status?.attempts ?? 0,
  ];
  const attempt = Math.max(0, ...attempts);
  const newest = branches
    .filter(({ pull }) => pull.state !== 'closed')
    .sort((a, b) => b.attempt - a.attempt || b.pull.number - a.pull.number)[0];
  return {
    attempt,
    branch: attempt === 0 ? null : `rig/${name}/${attempt}`,
    pullRequest: newest === undefined ? null : shown(newest.pull),
    number: numberOf(issue) ?? null,
    read: traces.pulls.has(repository),
  };
}

function shown({ number, url, head }: PullRequestSummary): NonNullable<Remains['pullRequest']> {
  return { number, url, headSHA: head.sha, branch: head.ref };
}

function attemptOf(issue: string, ref: string): number | null {
  const prefix = `rig/${issue}/`;
  const rest = ref.startsWith(prefix) ? ref.slice(prefix.length) : '';
  return /^[1-9]\d{0,5}$/.test(rest) ? Number(rest) : null;
}

/** The highest epoch and fence that any AgentTask was given. */
export function fencesOf(traces: Traces): { epoch: number; fence: number } {
  const claims = traces.tasks.map(({ spec }) => spec.claim);
  return {
    epoch: Math.max(0, ...claims.map((claim) => claim.epoch)),
    fence: Math.max(0, ...claims.map((claim) => claim.fence)),
  };
}
