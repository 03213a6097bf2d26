import type { Issue, Repository } from '#crds';
import { type Action, decideAction, decideFiled, type IssueState, priorityRank, type World } from '#domain';
import { Stalled } from '#lib/kube';
import { confirmOf } from '../approvals/consents.ts';
import { reopen, runCheck } from '../deploy/perform.ts';
import { unlessGone } from '../forges/made.ts';
import { repositoryName } from '../repositories/name.ts';
import { ClaimRefused, claimPreparation, dispatchTask } from '../store/claims.ts';
import type { Draft } from '../store/draft.ts';
import type { Cause } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import type { Beginnings } from './beginnings.ts';
import type { Conductor } from './context.ts';
import type { Denials } from './denials.ts';
import { claimantOf, type Dispatcher } from './dispatcher.ts';
import { mergeIssue, readPullRequest } from './merge.ts';

/** Everything one step of an issue works on. */
export interface Step {
  readonly conductor: Conductor;
  readonly dispatcher: Dispatcher;
  readonly denials: Denials;
  readonly beginnings: Beginnings;
  readonly issue: Issue;
  readonly repository: Repository | undefined;
  readonly subject: SubjectName;
  readonly draft: Draft;
  /** The draft's, when the action was decided. */
  readonly state: IssueState;
  readonly world: World;
  readonly cause: Cause;
  /** Has the issue looked at again: more is known of what was asked for it. */
  readonly onTold: () => void;
  /** Aborts when this process no longer leads, or is told to stop: then nothing more is made. */
  readonly signal: AbortSignal;
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
  if (action.do === 'wait') return (await step.beginnings.complete(step)) ? 'begun' : 'rests';
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
    case 'prepare':
      return prepare(step, action);
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
  const placed = await dispatcher.claim(draft, entry).catch((error: unknown) => verifyAgain(step, error));
  if (placed === null) return 'acted';
  const { holder, full } = placed;
  if (holder !== null) return (await step.beginnings.begin(step)) ? 'begun' : 'decided';
  return !full && (await dispatcher.serve(uids, subject)) ? 'acted' : 'rests';
}

/** Where only what a person approved has to be verified for a claim, does that, and has it decided anew: null. Rethrows every other error. */
async function verifyAgain({ conductor, draft, subject }: Step, error: unknown): Promise<null> {
  if (!(error instanceof ClaimRefused)) throw error;
  await draft.commit();
  if (error.scope !== null) await confirmOf(conductor, subject, error.scope);
  return null;
}

async function prepare({ conductor, subject, state, cause }: Step, action: Extract<Action, { do: 'prepare' }>) {
  const { name } = action.agent;
  const agent = conductor.objects.agents
    .list(subject.namespace)
    .find(({ metadata }) => metadata.uid === action.agent.uid);
  if (agent === undefined || agent.metadata.name !== name) return false;
  const wanted = { agent: claimantOf(conductor, agent), why: action.message };
  return claimPreparation(conductor.log, subject, state.version, wanted, conductor.leader, cause);
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

/**
 * Closes what an earlier attempt left open, and looks at what it is then: a merge that was on its way may have been first, and is what the next look
 * tells. Behind another merge it is only closed.
 */
async function closeStalePullRequest(step: Step, number: number): Promise<boolean> {
  const { conductor, subject, cause } = step;
  await conductor.writes.closePullRequest(await target(step), number);
  const read = await unlessGone(readPullRequest(conductor, repositoryOf(step), number));
  const merged = read?.live.state === 'merged';
  await conductor.log.append(subject, cause, (state) =>
    state.stalePullRequests.includes(number) && !(merged && state.merged === null)
      ? [{ type: 'PR_CLOSED', data: { number, stale: true, by: null } }]
      : [],
  );
  return true;
}
