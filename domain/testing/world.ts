import type { DeployPolicy } from '../deploy/world.ts';
import type { IssueSpec } from '../events/catalogue.ts';
import { known, type Permission, unknown } from '../facts.ts';
import { changeHead } from '../issue/grade.ts';
import type { ChangeGrade, IssueState } from '../issue/state.ts';
import type { AgentFacts, RepositoryPolicy, World } from '../issue/world.ts';
import { ada, bot, conductor, devE, ISSUE, NOON, outsider, owner, REPOSITORY, reader, reviewE } from './facts.ts';

/** An Issue's wish with nothing unusual in it. */
export function spec(over: Partial<IssueSpec> = {}): IssueSpec {
  return {
    repository: 'parser',
    number: ISSUE,
    title: 'Dotted keys are parsed twice',
    body: 'Parse them once.',
    labels: ['bug'],
    source: 'kubectl',
    tier: null,
    taskClass: null,
    priority: 'normal',
    parent: null,
    dependsOn: [],
    taskSpec: null,
    suspend: false,
    ...over,
  };
}

export const noDeploy: DeployPolicy = {
  kind: 'none',
  staging: false,
  checks: [],
  url: null,
  onFailure: 'reopen',
  timeoutMs: 3_600_000,
};

export function repositoryPolicy(over: Partial<RepositoryPolicy> = {}): RepositoryPolicy {
  return {
    name: 'parser',
    forgeId: REPOSITORY,
    defaultBranch: 'main',
    requiredChecks: [{ name: 'test', app: 'github-actions' }],
    blockLabels: ['do-not-merge'],
    approvalApp: null,
    mergeMethod: 'squash',
    deploy: noDeploy,
    slo: { kind: 'none' },
    routes: [],
    ...over,
  };
}

export function developer(over: Partial<AgentFacts> = {}): AgentFacts {
  return {
    name: 'dev-e',
    uid: 'uid-dev-e',
    role: 'developer',
    stacks: ['node'],
    ready: true,
    suspended: false,
    attempts: 3,
    concurrency: 1,
    running: 0,
    usable: true,
    account: devE,
    ...over,
  };
}

export function reviewer(over: Partial<AgentFacts> = {}): AgentFacts {
  return { ...developer(), name: 'review-e', uid: 'uid-review-e', role: 'reviewer', account: reviewE, ...over };
}

export const permissions: ReadonlyMap<number, Permission> = new Map([
  [ada.id, 'write'],
  [owner.id, 'admin'],
  [reader.id, 'read'],
  [outsider.id, 'none'],
  [bot.id, 'write'],
]);

/** A rig with one developer and one reviewer, a Repository that is ready, and no pull request yet. */
export function quietWorld(over: Partial<World> = {}): World {
  return {
    name: 'fix-parser',
    repository: known(repositoryPolicy(), NOON),
    repositoryMissing: false,
    tier: { tier: 'T1', taskClass: 'bugfix', reason: 'Every change counts as T1.' },
    stack: known('node', NOON),
    agents: [developer(), reviewer()],
    tasks: new Map(),
    pullRequest: unknown('There is no pull request yet.'),
    pullRequestReadAt: 0,
    stalePulls: [],
    headPushedBy: unknown('There is no pull request yet.'),
    gate: {
      pushers: [],
      headElsewhere: [],
      baseChangedAt: null,
      enforcement: known({ state: 'enforced' }, NOON),
    },
    listed: known({ humans: [], fourEyes: null }, NOON),
    permissions,
    machines: new Set([conductor.id, devE.id, reviewE.id]),
    unaccounted: [],
    openDependencies: [],
    hopelessDependencies: [],
    children: [],
    missingParent: null,
    forgeIssueClosed: false,
    forgeIssueToldAt: 0,
    conductorUpSince: NOON - 86_400_000,
    delivery: unknown('Nothing is merged yet.'),
    checks: new Map(),
    ...over,
  };
}

/** A grade of the change that the issue has now. */
export function changeGrade(state: IssueState, over: Partial<ChangeGrade> = {}): ChangeGrade {
  const reason = 'Rule source gives src/a.ts tier T1.';
  const { sha: headSHA } = changeHead(state)!;
  return {
    headSHA,
    tier: 'T1',
    taskClass: 'bugfix',
    rule: 'source',
    path: 'src/a.ts',
    reason,
    policy: 'uid.1',
    ...over,
  };
}
