import type { Issue, Repository } from '#crds';
import {
  type Actor,
  changeHead,
  effectiveGrade,
  type Fact,
  type IssueState,
  isAsked,
  isWidened,
  known,
  type Permission,
  type PullRequestFacts,
  termsOf,
  unknown,
  type World,
} from '#domain';
import { type Deployers, readDelivery } from '../deploy/deployers.ts';
import { forgeHost } from '../forges/forges.ts';
import type { Mirror, RepositoryKey } from '../mirror/mirror.ts';
import { repositoryName } from '../repositories/name.ts';
import { repositoryPolicy } from '../repositories/policy.ts';
import type { Stacks } from '../repositories/stack.ts';
import { readAgents } from './agents.ts';
import { readFamily } from './children.ts';
import type { Conductor } from './context.ts';
import { readDependencies } from './dependencies.ts';
import { noGateWorld, readGateWorld } from './gate-world.ts';
import { readTaskFacts } from './task-facts.ts';

/** Where an Issue's Repository stands in the mirror; null while its forge id is not known. */
export function repositoryKey(repository: Repository | undefined): RepositoryKey | null {
  const id = repository?.status?.forge?.repositoryID;
  return repository === undefined || id === undefined ? null : { host: forgeHost(repository), id };
}

/** Takes one frozen snapshot of everything that the rules may know of an issue. What cannot be read is unknown, with the reason. */
export async function readWorld(
  conductor: Conductor,
  stacks: Stacks,
  deployers: Deployers,
  issue: Issue,
  subject: string,
  state: IssueState,
  onTold: () => void = () => {},
): Promise<World> {
  const { objects } = conductor;
  const namespace = issue.metadata.namespace!;
  const now = conductor.now();
  const repository = objects.repositories.get(namespace, issue.spec.repositoryRef.name);
  const [{ agents, accounts, unaccounted }, tasks, forge, stack] = await Promise.all([
    readAgents(conductor, namespace, repository),
    readTaskFacts(conductor, namespace, subject, state),
    readForge(conductor, repository, state),
    readStack(conductor, stacks, repository, state),
  ]);
  const policy = repositoryPolicy(repository, issue.spec.repositoryRef.name, now);
  return {
    name: issue.metadata.name!,
    repository: policy,
    repositoryMissing: repository === undefined,
    ...readGrades(conductor, issue, repository, state, forge.pullRequest, onTold),
    ...readAsked(conductor, repository, state, onTold),
    ...(await readListed(conductor, repository, state)),
    stack,
    agents,
    tasks,
    ...forge,
    // While an Agent's account cannot be told, nobody is known to be a person.
    permissions: unaccounted.length === 0 ? forge.permissions : new Map(),
    unaccounted,
    machines: new Set([...accounts, ...(forge.conductor === null ? [] : [forge.conductor.id])]),
    ...readDependencies(objects, issue),
    ...(await readFamily(conductor, issue, state)),
    conductorUpSince: conductor.leader.upSince,
    conductorGaps: conductor.leader.gaps ?? [],
    ...(await readDelivery(conductor, deployers, issue, state, policy, repositoryKey(repository))),
  };
}

/** How the work is graded, and its change where there is one: answered from memory, and `onTold` when more of the change is known. */
export function readGrades(
  { tier }: Pick<Conductor, 'tier'>,
  { spec }: Pick<Issue, 'spec'>,
  repository: Repository | undefined,
  state: IssueState,
  pull: World['pullRequest'],
  onTold: () => void,
): Pick<World, 'tier' | 'tierProblem' | 'change'> {
  const { labels, title, taskClass = null, source, taskSpec } = spec;
  const work = { labels, title, taskClass, source, files: taskSpec?.files ?? [], repository };
  const grade = tier.grade(work);
  const problem = grade !== null || repository === undefined ? null : (tier.problem?.(repository) ?? null);
  const head = state.ending === null && state.merged === null ? changeHead(state) : null;
  if (head === null || tier.change === undefined) return { tier: grade, tierProblem: problem };
  const takenBack = pull.known && isWidened(state.change, pull) ? pull.value.base.sha : null;
  const change = tier.change({ work, head, last: state.change, takenBack, onTold });
  return { tier: grade, tierProblem: problem, change };
}

/** Who may approve, where the tier of an open change asks who vouches for it. */
async function readListed(
  { tier, people }: Pick<Conductor, 'tier' | 'people'>,
  repository: Repository | undefined,
  state: IssueState,
): Promise<Pick<World, 'listed'>> {
  if (people === undefined || repository === undefined || state.pullRequest?.open !== true) return {};
  const { gates } = termsOf(tier.terms?.(repository), effectiveGrade(state)?.tier ?? 'T3');
  return gates.includes('attestors') ? { listed: await people() } : {};
}

/** What the tiers ask, and what the tier of an open change asks others: answered from memory, and `onTold` when there is more. */
export function readAsked(
  { tier, production, attestors }: Pick<Conductor, 'tier' | 'production' | 'attestors'>,
  repository: Repository | undefined,
  state: IssueState,
  onTold: () => void,
): Pick<World, 'terms' | 'slo' | 'machineAttestors'> {
  if (repository === undefined) return {};
  const terms = tier.terms?.(repository);
  const table = terms === undefined ? {} : { terms };
  const { pullRequest } = state;
  if (pullRequest?.open !== true || state.merged !== null || state.ending !== null) return table;
  const { gates } = termsOf(terms, effectiveGrade(state)?.tier ?? 'T3');
  const levels = gates.includes('slo') || gates.includes('errorBudget');
  return {
    ...table,
    ...(levels && production !== undefined && { slo: production.of(repository, onTold) }),
    ...(gates.includes('attestors') &&
      attestors !== undefined && { machineAttestors: attestors.of(repository, pullRequest.headSHA, onTold) }),
  };
}

/** Read only where a claim may follow, at the tip that the mirror knows: a queued issue costs no request. Null is the stack of any Agent. */
async function readStack(
  conductor: Conductor,
  stacks: Stacks,
  repository: Repository | undefined,
  state: IssueState,
): Promise<Fact<string | null>> {
  // Whether an Agent fits by now depends on the stack: such an issue does not rest.
  const rests = state.awaiting !== null && state.awaiting.reason !== 'NoAgentFits' && !isAsked(state);
  const idle = state.ending !== null || rests || state.classified === null;
  const key = repositoryKey(repository);
  if (state.work !== null || idle || repository === undefined || key === null) return known(null, 0);
  try {
    const facts = await conductor.mirror.repository(conductor.log.pool, key);
    if (!facts.known || facts.value.defaultBranchSHA === null)
      return unknown('The tip of the default branch has not been read yet.');
    const { forge } = await conductor.forges.forRepository(repository);
    return await stacks.at(repository, forge, facts.value.defaultBranchSHA, conductor.now());
  } catch (error) {
    return unknown(`The forge cannot be asked: ${(error as Error).message}`);
  }
}

type ForgeWorld = Pick<
  World,
  | 'pullRequest'
  | 'pullRequestReadAt'
  | 'stalePulls'
  | 'headPushedBy'
  | 'permissions'
  | 'forgeIssueClosed'
  | 'forgeIssueToldAt'
  | 'gate'
> & { conductor: Actor | null };

async function readForge(
  conductor: Conductor,
  repository: Repository | undefined,
  state: IssueState,
): Promise<ForgeWorld> {
  const key = repositoryKey(repository);
  const nothing = unknown('There is no pull request yet.');
  if (repository === undefined || key === null)
    return {
      pullRequest: nothing,
      pullRequestReadAt: 0,
      stalePulls: [],
      headPushedBy: nothing,
      gate: noGateWorld,
      permissions: new Map(),
      forgeIssueClosed: false,
      forgeIssueToldAt: 0,
      conductor: null,
    };
  const { mirror, log } = conductor;
  const number = state.pullRequest?.number;
  const [pull, account, issue, stalePulls] = await Promise.all([
    number === undefined ? { facts: nothing, readAt: 0 } : mirror.pull(log.pool, key, number),
    conductor.forges.forRepository(repository).catch(() => null),
    state.spec?.number == null ? null : mirror.issue(log.pool, key, state.spec.number),
    Promise.all(
      state.stalePullRequests.map(async (stale) => ({ number: stale, ...(await mirror.pull(log.pool, key, stale)) })),
    ),
  ]);
  const pr = pull.facts.known ? pull.facts.value : null;
  const headPushedBy = pr === null ? nothing : await mirror.pusherOf(log.pool, key, pr.head.sha, pr.head.ref);
  return {
    pullRequest: pull.facts,
    pullRequestReadAt: pull.readAt,
    stalePulls,
    headPushedBy,
    gate: pr === null ? noGateWorld : await readGateWorld(conductor, repository, key, pr),
    permissions: pr === null ? new Map() : await readPermissions(conductor, repository, key, pr, headPushedBy),
    forgeIssueClosed: closedAtForge(issue),
    forgeIssueToldAt: issue?.toldAt ?? 0,
    conductor: account?.actor ?? null,
  };
}

/** Whether the mirror knows the issue as closed, or as gone from its number. */
export function closedAtForge(issue: Awaited<ReturnType<Mirror['issue']>>): boolean {
  return issue !== null && (issue.gone || issue.facts.state === 'closed');
}

/** Permissions of everybody who has a say in the pull request; asked at the forge where the mirror's answer is too old. */
async function readPermissions(
  conductor: Conductor,
  repository: Repository,
  key: RepositoryKey,
  pr: PullRequestFacts,
  pusher: Fact<Actor>,
): Promise<Map<number, Permission>> {
  const { mirror, log, policy } = conductor;
  const people = new Map(
    [
      pr.author,
      ...(pusher.known ? [pusher.value] : []),
      ...pr.reviews.map((review) => review.author),
      ...pr.threads.flatMap((thread) => thread.comments.map((comment) => comment.author)),
    ].map((actor) => [actor.id, actor]),
  );
  const permissions = await mirror.permissions(log.pool, key, [...people.keys()], policy.factMaxAge);
  const missing = [...people.values()].filter((actor) => actor.kind === 'user' && !permissions.has(actor.id));
  for (const actor of missing) {
    try {
      const { forge } = await conductor.forges.forRepository(repository);
      const permission = await forge.permission(repositoryName(repository), actor.login, actor.id);
      await mirror.putPermission(log.pool, key, actor, permission);
      permissions.set(actor.id, permission);
    } catch {
      // Left out of the map it is unknown, and unknown passes no gate.
    }
  }
  return permissions;
}
