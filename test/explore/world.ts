import { type IssueState, known, liveTasks, type PullRequestFacts, type TaskFacts, unknown, type World } from '#domain';
import {
  ada,
  check,
  commit,
  conductor,
  devE,
  ISSUE,
  NOON,
  pullRequest,
  REPOSITORY,
  review,
  reviewE,
  sha,
  thread,
} from '../../domain/testing/facts.ts';
import { developer, noDeploy, quietWorld, repositoryPolicy, reviewer } from '../../domain/testing/world.ts';
import type { Opinion, Pull, Strand } from './strand.ts';

/** The moment at which everything happens. */
export const NOW = NOON;
export const NUMBER = ISSUE;
export const AGENTS = ['dev-1', 'dev-2', 'review-e'] as const;
/** Agents that the other issue keeps busy: bit n is the agent n. */
export type Busy = number;

export const branchOf = (attempt: number): string => `rig/fix-parser/${attempt}`;
/** The attempt that a task is named by. */
export const attemptOf = (task: string): number => Number(task.split('-')[1]);
export const commitOf = (count: number): string => count.toString(16).padStart(40, '0');

const agents = [
  developer({ name: 'dev-1', uid: 'uid-dev-1', attempts: 2 }),
  developer({ name: 'dev-2', uid: 'uid-dev-2', attempts: 2 }),
  reviewer({ attempts: 2 }),
];
const repository = known(
  repositoryPolicy({ deploy: { ...noDeploy, kind: 'deployments', onFailure: 'await-human' } }),
  NOW,
);

/** Tasks of this issue and the other that an agent runs now. */
export function running(log: IssueState, busy: Busy, agent: string): number {
  const others = (busy >> AGENTS.indexOf(agent as (typeof AGENTS)[number])) & 1;
  return others + liveTasks(log).filter((task) => task.agent.name === agent).length;
}

/** What the rules may look at: of the forge only what was told. */
export function worldOf(strand: Strand, log: IssueState, busy: Busy): World {
  const { told, forge } = strand;
  const number = log.pullRequest?.number;
  const pull = told.pull !== null && told.pull.number === number ? told.pull : null;
  const shown = number === undefined ? undefined : forge.pulls.find((one) => one.number === number);
  const fresh = pull !== null && JSON.stringify(pull) === JSON.stringify(shown);
  const merged = forge.pulls.find((one) => one.state === 'merged');
  return quietWorld({
    repository,
    agents: agents.map((agent) => ({ ...agent, running: running(log, busy, agent.name) })),
    tasks: new Map(liveTasks(log).map((task) => [task.name, taskFacts(strand, task.name, task.started)])),
    pullRequest: pull === null ? unknown('The pull request has not been read yet.') : known(factsOf(pull), NOW),
    pullRequestReadAt: fresh ? NOW : 0,
    headPushedBy: pull === null ? unknown('Nobody told.') : known(pull.by === 'person' ? ada : devE, NOW),
    stalePulls: log.stalePullRequests.flatMap((stale) => {
      const its = forge.pulls.find((one) => one.number === stale);
      return its === undefined ? [] : [{ number: stale, facts: known(factsOf(its), NOW), readAt: NOW }];
    }),
    forgeIssueClosed: told.closed,
    forgeIssueToldAt: NOW,
    delivery: known({ staging: null, production: production(forge.deployed, merged?.head ?? null) }, NOW),
  });
}

function taskFacts({ processes }: Strand, name: string, started: boolean): TaskFacts {
  const process = processes.find((one) => one.task === name);
  const end = process?.dead ?? null;
  return {
    object: process === undefined ? 'absent' : 'present',
    jobEnded: end === null ? null : { message: `it was ${end}.`, infrastructure: end === 'killed' },
    started,
    seenAt: NOW,
    deadline: NOW + 3_600_000,
  };
}

function production(deployed: Strand['forge']['deployed'], revision: string | null) {
  const of = { revision: sha('e'), deployment: 'deployment 1' };
  return {
    environment: 'production',
    live: deployed === 'live' && revision !== null ? { ...of, contains: true, url: 'https://shop.example/' } : null,
    failed: deployed === 'failed' ? { ...of, message: 'It broke.' } : null,
    says: 'It is deployed.',
  };
}

const reviewOf = ({ id, by, state, head }: Opinion) =>
  review({ id, author: by === 'person' ? ada : reviewE, state, commitSHA: head });

function factsOf(pull: Pull): PullRequestFacts {
  const ref = branchOf(pull.attempt);
  const { head, checks } = pull;
  const conclusion = checks.result === 'passed' ? 'success' : 'failure';
  return pullRequest({
    number: pull.number,
    state: pull.state,
    head: { sha: head, ref, repositoryId: REPOSITORY },
    mergeable: pull.basis === 'conflict' ? 'conflicting' : 'mergeable',
    containsBase: pull.basis === 'current',
    mergeSHA: pull.state === 'merged' ? sha('e') : null,
    mergedBy: pull.mergedBy === null ? null : pull.mergedBy === 'person' ? ada : conductor,
    commits: [commit({ sha: head, authors: [pull.by === 'person' ? ada : devE] })],
    checks: checks.result === 'none' ? [] : [check({ headSHA: checks.head, branch: ref, conclusion })],
    reviews: pull.opinions.map(reviewOf),
    threads:
      pull.thread === 'none'
        ? []
        : [thread({ resolved: pull.thread === 'resolved', resolvedBy: pull.thread === 'resolved' ? devE : null })],
  });
}
