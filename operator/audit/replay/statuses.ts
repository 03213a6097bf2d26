import type { Agent, AgentTask, Issue, Repository } from '#crds';
import { type IssueState, phaseOf, projectIssue } from '#domain';
import { findCondition, type KubeObject } from '#lib/kube';
import type { TaskRow } from '../../store/tasks.ts';
import { statusOf as taskStatusOf } from '../../tasks/controller.ts';
import { STATUSES } from './columns.ts';
import { type Difference, diffFields, type Row } from './difference.ts';

/** The objects whose statuses are compared, and what was replayed for them. */
export interface Shown {
  readonly issues: readonly (Issue & KubeObject)[];
  readonly tasks: readonly (AgentTask & KubeObject)[];
  readonly agents: readonly (Agent & KubeObject)[];
  readonly repositories: readonly (Repository & KubeObject)[];
}

export interface Replayed {
  /** By the uid of the Issue object. */
  readonly states: ReadonlyMap<string, IssueState>;
  /** By `namespace/name`; pod and start are of the live row, which no event tells. */
  readonly tasks: ReadonlyMap<string, TaskRow>;
}

/** Compares every status with what events and spec say it is. Pure. */
export function diffStatuses(shown: Shown, replayed: Replayed): Difference[] {
  const phases = new Map(shown.issues.map((issue) => [keyOf(issue), phaseNow(replayed, issue)]));
  return [
    ...shown.issues.flatMap((issue) => diffIssue(shown, replayed, issue)),
    ...shown.tasks.flatMap((task) => diffTask(replayed, task)),
    ...shown.agents.flatMap((agent) => diffAgent(replayed, agent)),
    ...shown.repositories.flatMap((repository) => diffRepository(shown, phases, repository)),
  ];
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;
const stateOf = ({ states }: Replayed, issue: KubeObject) => states.get(issue.metadata.uid ?? '');

function phaseNow(replayed: Replayed, issue: Issue & KubeObject): string {
  const state = stateOf(replayed, issue);
  return state === undefined ? 'Pending' : phaseOf(state);
}

const ISSUE_FIELDS = [...STATUSES.Issue.compared, 'merged', 'done'];

/** `why`, gates and the other conditions are of the world as it is read at the moment, unless the log alone decides them. */
function diffIssue(shown: Shown, replayed: Replayed, issue: Issue & KubeObject): Difference[] {
  const state = stateOf(replayed, issue);
  const live = { ...issue.status, merged: condition(issue, 'Merged'), done: condition(issue, 'Done') };
  const nothing = issue.status === undefined && (state === undefined || state.version === 0);
  if (nothing) return [];
  if (state === undefined) {
    const told = issue.status?.phase ?? 'Pending';
    return diffFields('Issue', keyOf(issue), ['phase'], { phase: told }, { phase: 'Pending' });
  }
  const message = state.ending?.message ?? '';
  const said = { do: 'wait', reason: 'Progressing', message, until: null } as const;
  const { why, ...projected } = projectIssue(state, said, urlOf(shown, issue, state));
  const again = {
    ...projected,
    merged: state.merged === null ? 'False' : 'True',
    done: state.ending?.kind === 'Done' ? 'True' : 'False',
  };
  return [...diffFields('Issue', keyOf(issue), ISSUE_FIELDS, live as Row, again as Row), ...diffWhy(issue, state, why)];
}

/** Once an issue has ended and nothing of it runs, the sentence is the log's. */
function diffWhy(issue: Issue & KubeObject, state: IssueState, why: unknown): Difference[] {
  const busy = state.work !== null || state.task.work !== null || state.task.review !== null;
  if (state.ending === null || busy) return [];
  return diffFields('Issue', keyOf(issue), ['why'], { why: issue.status?.why }, { why });
}

function condition(issue: Issue & KubeObject, type: string): string {
  return findCondition(issue.status?.conditions as never, type)?.status ?? 'False';
}

function urlOf({ repositories }: Shown, issue: Issue & KubeObject, state: IssueState): string | null {
  const { namespace } = issue.metadata;
  const repository = repositories.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === issue.spec.repositoryRef.name,
  );
  const number = state.spec?.number ?? null;
  if (number === null || repository === undefined) return null;
  return `${repository.spec.cloneURL.replace(/\.git$/, '')}/issues/${number}`;
}

function diffTask({ tasks }: Replayed, task: AgentTask & KubeObject): Difference[] {
  const row = tasks.get(keyOf(task));
  // One that nobody dispatched is told so by its own condition.
  if (row === undefined || task.status === undefined) return [];
  return diffFields(
    'AgentTask',
    keyOf(task),
    STATUSES.AgentTask.compared,
    task.status as Row,
    taskStatusOf(row) as Row,
  );
}

function diffAgent({ tasks }: Replayed, agent: Agent & KubeObject): Difference[] {
  if (agent.status?.running === undefined) return [];
  const live = [...tasks.values()].filter((row) => row.agent.uid === agent.metadata.uid && row.endedAt === null);
  return diffFields('Agent', keyOf(agent), STATUSES.Agent.compared, agent.status as Row, { running: live.length });
}

function diffRepository(
  { issues }: Shown,
  phases: ReadonlyMap<string, string>,
  repository: Repository & KubeObject,
): Difference[] {
  if (repository.status?.issues === undefined) return [];
  const own = issues.filter(
    ({ metadata, spec }) =>
      metadata.namespace === repository.metadata.namespace && spec.repositoryRef.name === repository.metadata.name,
  );
  const byPhase: Record<string, number> = {};
  for (const issue of own) byPhase[phases.get(keyOf(issue))!] = (byPhase[phases.get(keyOf(issue))!] ?? 0) + 1;
  const closed = (byPhase.Done ?? 0) + (byPhase.Cancelled ?? 0);
  const replayed = { issues: { open: own.length - closed, byPhase } };
  return diffFields('Repository', keyOf(repository), STATUSES.Repository.compared, repository.status as Row, replayed);
}
