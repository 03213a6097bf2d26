import { type AgentTask, annotations, apiVersion, type Issue, labels, type Repository } from '#crds';
import {
  type Action,
  decideAction,
  decideFiled,
  formatFence,
  type IssueState,
  liveTasks,
  priorityRank,
  type World,
} from '#domain';
import { createOwned, isKubeError, type KubeObject, Stalled } from '#lib/kube';
import { traced, traceparent } from '#lib/observe';
import { reopen, runCheck } from '../deploy/perform.ts';
import { AGENT_TASKS } from '../objects.ts';
import { repositoryName } from '../repositories/name.ts';
import { dispatchTask } from '../store/claims.ts';
import type { Draft } from '../store/draft.ts';
import type { Cause } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import { type TaskRow, tasksOf } from '../store/tasks.ts';
import type { Conductor } from './context.ts';
import type { Denials } from './denials.ts';
import type { Dispatcher } from './dispatcher.ts';
import { mergeIssue, readPullRequest } from './merge.ts';

/** Starts a task whose object was made this moment. Must not throw: the task's own reconcile does it again. */
export type Begin = (task: AgentTask & KubeObject, row: TaskRow) => Promise<void>;

/** Everything one step of an issue works on. */
export interface Step {
  readonly conductor: Conductor;
  readonly dispatcher: Dispatcher;
  readonly denials: Denials;
  readonly begin: Begin;
  readonly issue: Issue;
  readonly repository: Repository | undefined;
  readonly subject: SubjectName;
  readonly draft: Draft;
  /** The draft's, when the action was decided. */
  readonly state: IssueState;
  readonly world: World;
  readonly cause: Cause;
}

/**
 * What performing an action came to: `decided`, the draft holds more, or was written, and the rules are asked again; `acted`, the world or the log
 * has changed besides, and the draft with it is of the past; `begun`, a task has its object and its Job; `rests`, there is nothing to do now.
 */
export type Done = 'decided' | 'acted' | 'begun' | 'rests';

/** Performs one action. What was decided before is in the log before anything outside is touched. */
export async function perform(step: Step, action: Action): Promise<Done> {
  const decided = decideAction(step.state, action);
  if (decided !== null) {
    step.draft.add(decided);
    return 'decided';
  }
  if (action.do === 'enqueue') return enqueueIssue(step, action);
  await step.draft.commit();
  if (action.do === 'wait') return (await completeTasks(step)) ? 'begun' : 'rests';
  return (await affect(step, action)) ? 'acted' : 'rests';
}

/** True when something has come of it. */
async function affect(step: Step, action: Action): Promise<boolean> {
  const { conductor } = step;
  switch (action.do) {
    case 'fileForgeIssue':
      return fileForgeIssue(step);
    case 'dispatch':
      return dispatch(step, action);
    case 'verify':
      return runCheck(step, action);
    case 'reopen':
      return reopen(step, action);
    case 'merge':
      await mergeIssue({ ...step, repository: repositoryOf(step), action });
      return true;
    case 'readPullRequest':
      await readPullRequest(conductor, repositoryOf(step), action.number);
      return true;
    case 'closeStalePullRequest':
      return closeStalePullRequest(step, action.number);
    default:
      throw new TypeError(`no effect for the action ${action.do}`);
  }
}

function repositoryOf({ repository, issue }: Step): Repository {
  if (repository === undefined)
    throw new Stalled('RepositoryMissing', `There is no Repository ${issue.spec.repositoryRef.name}.`);
  return repository;
}

async function target(step: Step) {
  const repository = repositoryOf(step);
  const { forge } = await step.conductor.forges.forRepository(repository);
  return {
    forge,
    repo: repositoryName(repository),
    subject: step.subject.id,
    epoch: step.conductor.leader.epoch,
  };
}

async function fileForgeIssue(step: Step): Promise<boolean> {
  const { conductor, issue, subject, cause } = step;
  const { title, body, labels: wanted } = issue.spec;
  const filed = await conductor.writes.fileIssue(await target(step), {
    uid: issue.metadata.uid!,
    revision: issue.metadata.generation ?? 1,
    title,
    body,
    labels: wanted,
  });
  await conductor.log.append(subject, cause, (state) => decideFiled(state, filed.number));
  return true;
}

async function enqueueIssue(step: Step, action: Extract<Action, { do: 'enqueue' }>): Promise<Done> {
  const { dispatcher, draft, subject, state } = step;
  const uids = action.candidates.map((agent) => agent.uid);
  const entry = {
    subject,
    priority: priorityRank(state.spec!.priority),
    filedAt: state.filedAt,
    candidates: uids,
    stack: action.stack,
    message: action.message,
  };
  if (await dispatcher.claim(draft, entry)) return 'decided';
  return (await dispatcher.serve(uids, subject)) ? 'acted' : 'rests';
}

async function dispatch(step: Step, action: Extract<Action, { do: 'dispatch' }>): Promise<boolean> {
  const { conductor, subject, state, cause } = step;
  const agent = step.world.agents.find((one) => one.uid === action.agent.uid);
  if (agent === undefined) return false;
  const wanted = {
    kind: action.kind,
    agent: { name: agent.name, uid: agent.uid, concurrency: agent.concurrency },
    headSHA: action.headSHA,
    why: action.message,
  };
  return dispatchTask(conductor.log, subject, state.version, wanted, conductor.leader, cause);
}

async function closeStalePullRequest(step: Step, number: number): Promise<boolean> {
  const { conductor, subject, cause } = step;
  await conductor.writes.closePullRequest(await target(step), number);
  await conductor.log.append(subject, cause, (state) =>
    state.stalePullRequests.includes(number) ? [{ type: 'PR_CLOSED', data: { number, stale: true, by: null } }] : [],
  );
  return true;
}

/** Makes the AgentTask of every live task that has none, and says whether there was one: after a claim, and after a crash between claim and object. */
async function completeTasks(step: Step): Promise<boolean> {
  const { conductor, issue, state, subject } = step;
  const missing = liveTasks(state).filter((task) => step.world.tasks.get(task.name)?.object === 'absent');
  if (missing.length === 0) return false;
  const rows = new Map((await tasksOf(conductor.log.pool, subject.id)).map((row) => [row.name, row]));
  let begun = false;
  for (const task of missing) {
    const row = rows.get(task.name);
    if (row === undefined || row.endedAt !== null) continue;
    const agent = conductor.objects.agents.get(issue.metadata.namespace!, task.agent.name);
    const attributes = { 'rig.task': task.name, 'rig.kind': task.kind, 'rig.agent': task.agent.name };
    try {
      await traced('task create', { kind: 'producer', attributes }, async () => {
        const object = agentTaskOf(issue, state, task, row, agent?.spec.caps ?? {});
        const made = await createOwned(conductor.client, AGENT_TASKS, object, issue as never);
        await step.begin(made, row);
      });
      begun = true;
      conductor.recorder.record(issue as never, {
        type: 'Normal',
        reason: 'Dispatched',
        message: `${task.agent.name} was given ${task.kind} task ${task.name}.`,
      });
    } catch (error) {
      if (!isKubeError(error, 'AlreadyExists')) throw error;
    }
  }
  return begun;
}

/** Under what an object is made, for whoever works on it. */
function traceAnnotations(): Record<string, string> {
  const value = traceparent();
  return value === undefined ? {} : { [annotations.traceparent]: value };
}

function agentTaskOf(
  issue: Issue,
  state: IssueState,
  task: ReturnType<typeof liveTasks>[number],
  row: TaskRow,
  caps: object,
): AgentTask & { metadata: { name: string; namespace: string } } {
  const { name, namespace } = issue.metadata;
  const branch = state.lastWork?.branch;
  const pullRequest = state.pullRequest?.number;
  if (formatFence(row.fence) !== task.fence) throw new TypeError(`task ${task.name} has two fences`);
  return {
    apiVersion,
    kind: 'AgentTask',
    metadata: {
      name: task.name,
      namespace: namespace!,
      labels: {
        [labels.issue]: name!,
        [labels.agent]: task.agent.name,
        [labels.kind]: task.kind,
        [labels.attempt]: String(task.attempt),
      },
      annotations: traceAnnotations(),
    },
    spec: {
      subject: { issueRef: { name: name! } },
      agentRef: { name: task.agent.name },
      kind: task.kind,
      attempt: task.attempt,
      claim: { id: task.claim, epoch: row.fence.epoch, fence: row.fence.sequence },
      ...(branch === undefined ? {} : { branch }),
      ...(pullRequest === undefined ? {} : { pullRequest }),
      ...(task.headSHA === null ? {} : { headSHA: task.headSHA }),
      deadline: new Date(row.deadline).toISOString(),
      caps,
    },
  } as AgentTask & { metadata: { name: string; namespace: string } };
}
