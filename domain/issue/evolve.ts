import type { Reason } from '#crds';
import type { EventData, StoredEvent } from '../events/catalogue.ts';
import { type IssueState, type LiveTask, liveTask, noIssue, type TaskEnd } from './state.ts';

type Change = Partial<IssueState>;

/**
 * The next state of an issue after one event. Total: an event that no longer fits the state (a late report of an ended task)
 * changes nothing but the version, so that replaying a log never fails.
 */
export function evolve(state: IssueState, event: StoredEvent): IssueState {
  return { ...state, ...change(state, event), version: event.version };
}

/** All events of one stream, in version order, from nothing. */
export function replay(events: readonly StoredEvent[]): IssueState {
  return events.reduce(evolve, noIssue);
}

function change(state: IssueState, event: StoredEvent): Change {
  switch (event.type) {
    case 'ISSUE_FILED':
    case 'ISSUE_REOPENED':
      return wished(state, event.data, event.at);
    case 'ISSUE_EDITED':
      return edited(state, event.data);
    case 'ISSUE_CLASSIFIED':
      return {
        classified: event.data,
        awaiting: state.awaiting?.reason === 'NoTierPolicy' ? null : state.awaiting,
      };
    case 'ISSUE_ASSIGNED':
      return assigned(state, event.data);
    case 'ISSUE_UNASSIGNED':
      return unassigned(state, event.data, event.at);
    case 'TASK_DISPATCHED':
      return dispatched(state, event.data, event.at);
    case 'WORK_STARTED':
      return started(state, event.data.task);
    case 'TASK_FINISHED':
    case 'TASK_LOST':
    case 'TASK_CANCELLED':
    case 'AGENT_STUCK':
    case 'ESCALATED':
      return ended(state, event);
    case 'MERGE_GATE_WAITING':
      return { waiting: { ...event.data, at: event.at }, mergeRequested: null };
    case 'MERGE_REQUESTED':
      return { mergeRequested: { headSHA: event.data.headSHA, at: event.at, version: event.version }, waiting: null };
    case 'MERGED':
      return { merged: { sha: event.data.mergeSHA, headSHA: event.data.headSHA }, awaiting: null, waiting: null };
    case 'HUMAN_GATE_TRIGGERED':
      return { awaiting: { ...event.data, since: event.at } };
    case 'ISSUE_DONE':
      return { ending: { kind: 'Done', reason: 'Done', message: event.data.message } };
    case 'ISSUE_FAILED':
      return { ending: { kind: 'Failed', ...event.data } };
    case 'ISSUE_CANCELLED':
      return { ending: { kind: 'Cancelled', ...event.data } };
    default:
      return pullRequestChange(state, event);
  }
}

function pullRequestChange(state: IssueState, event: StoredEvent): Change {
  switch (event.type) {
    case 'HEAD_FORWARDED':
      return forwarded(state, event.data);
    case 'PR_CREATED':
      return { pullRequest: { ...event.data, open: true } };
    case 'PR_UPDATED':
      return {
        ...headMoved(state, event.data.number, event.data.headSHA),
        ...reopened(state, event.data.number, event.data.headSHA),
      };
    case 'PR_CLOSED':
      return closed(state, event.data);
    case 'CI_PASSED':
      return { ci: { headSHA: event.data.headSHA, passed: true } };
    case 'CI_FAILED':
      return { ci: { headSHA: event.data.headSHA, passed: false } };
    case 'REVIEW_PASSED':
      return reviewed(state, event.data, true);
    case 'REVIEW_DISPUTED':
      return { ...reviewed(state, event.data, false), disputes: state.disputes + 1 };
    case 'MERGE_CONFLICT':
      return { conflict: { headSHA: event.data.headSHA, baseSHA: event.data.baseSHA } };
    default:
      return {};
  }
}

function wished(state: IssueState, data: EventData<'ISSUE_FILED'>, at: number): Change {
  const fresh = {
    ...noIssue,
    lastWork: state.lastWork,
    forwarded: state.forwarded,
    stalePullRequests: state.stalePullRequests,
    seenReviews: state.seenReviews,
    // What is merged already does not answer a wish that comes after it.
    pullRequest: state.merged === null ? state.pullRequest : null,
  };
  return {
    ...fresh,
    uid: data.uid,
    generation: data.generation,
    wishGeneration: data.generation,
    spec: data.spec,
    filedAt: at,
  };
}

const ASKS = new Set(['title', 'body', 'taskSpec', 'tier']);

/** A person's edit is an answer: it ends waiting for one, gives back the attempts and asks for a new grade. */
function edited(state: IssueState, data: EventData<'ISSUE_EDITED'>): Change {
  const wish = { spec: data.spec, generation: data.generation };
  if (data.changed.every((field) => field === 'number')) return wish;
  const alive = state.ending?.kind === 'Failed' ? null : state.ending;
  const wishGeneration = data.changed.some((field) => ASKS.has(field)) ? data.generation : state.wishGeneration;
  return {
    ...wish,
    wishGeneration,
    awaiting: null,
    failures: 0,
    losses: 0,
    lastFailure: null,
    failedReviews: 0,
    disputes: 0,
    ending: alive,
  };
}

function assigned(state: IssueState, data: EventData<'ISSUE_ASSIGNED'>): Change {
  const work = {
    id: data.claim,
    agent: data.agent,
    attempt: data.attempt,
    fence: data.fence,
    branch: data.branch,
    generation: state.wishGeneration,
  };
  const stale =
    state.pullRequest?.open === true ? [...state.stalePullRequests, state.pullRequest.number] : state.stalePullRequests;
  return {
    work,
    lastWork: work,
    awaiting: null,
    stalePullRequests: stale,
    pullRequest: null,
    rounds: { implement: 0, rework: 0, review: 0 },
    lastEnd: { work: null, review: null },
    reworkedHeads: [],
    verdict: null,
    ci: null,
    conflict: null,
    waiting: null,
    mergeRequested: null,
    disputes: 0,
    failedReviews: 0,
  };
}

const BLAMELESS = new Set<string>([
  'NewerGeneration',
  'Suspended',
  'CancelledByPerson',
  'Merged',
  'HumanNeeded',
] satisfies Reason[]);

function unassigned(state: IssueState, data: EventData<'ISSUE_UNASSIGNED'>, at: number): Change {
  if (state.work?.id !== data.claim) return {};
  const released = { work: null, task: { ...state.task, work: null } };
  const lastFailure = { reason: data.reason, message: data.message, at };
  // Nobody's fault, but the next attempt waits all the same: what lost this one may lose the next at once.
  if (data.reason === 'InfrastructureLost') return { ...released, losses: state.losses + 1, lastFailure };
  return BLAMELESS.has(data.reason) ? released : { ...released, failures: state.failures + 1, losses: 0, lastFailure };
}

function dispatched(state: IssueState, data: EventData<'TASK_DISPATCHED'>, at: number): Change {
  const live: LiveTask = { ...data, name: data.task, dispatchedAt: at, started: false };
  const work =
    data.lane === 'work' && state.work?.id === data.claim ? { ...state.work, fence: data.fence } : state.work;
  return {
    task: { ...state.task, [data.lane]: live },
    work,
    lastWork: work ?? state.lastWork,
    rounds: { ...state.rounds, [data.kind]: data.round },
    reworkedHeads:
      data.kind === 'rework' && data.headSHA !== null ? [...state.reworkedHeads, data.headSHA] : state.reworkedHeads,
  };
}

function started(state: IssueState, name: string): Change {
  const task = liveTask(state, name);
  return task === null ? {} : { task: { ...state.task, [task.lane]: { ...task, started: true } } };
}

type TaskEnding = Extract<
  StoredEvent,
  { type: 'TASK_FINISHED' | 'TASK_LOST' | 'TASK_CANCELLED' | 'AGENT_STUCK' | 'ESCALATED' }
>;

function ended(state: IssueState, event: TaskEnding): Change {
  const task = liveTask(state, event.data.task);
  if (task === null) return {};
  const end = taskEnd(event);
  const reviewFailed =
    task.lane === 'review' && end.ending !== 'succeeded' && end.ending !== 'cancelled' && !end.infrastructure;
  return {
    task: { ...state.task, [task.lane]: null },
    lastEnd: { ...state.lastEnd, [task.lane]: end },
    failedReviews: state.failedReviews + (reviewFailed ? 1 : 0),
    // After a rework the reviewer looks again, even where the answer moved no head.
    verdict: task.kind === 'rework' && end.ending === 'succeeded' ? null : state.verdict,
  };
}

function taskEnd(event: TaskEnding): TaskEnd {
  const { task, kind } = event.data;
  const end = (ending: TaskEnd['ending'], reason: string, message: string, infrastructure = false): TaskEnd => ({
    task,
    kind,
    ending,
    reason,
    message,
    infrastructure,
  });
  switch (event.type) {
    case 'TASK_FINISHED':
      return end(event.data.result, event.data.reason, event.data.message);
    case 'TASK_LOST':
      return end('lost', event.data.reason, event.data.message, event.data.infrastructure);
    case 'TASK_CANCELLED':
      return end('cancelled', event.data.reason, event.data.message);
    case 'AGENT_STUCK':
      return end('stuck', 'TaskStuck', event.data.evidence);
    case 'ESCALATED':
      return end('asked', 'AskedForPerson', event.data.question);
  }
}

function reviewed(state: IssueState, data: EventData<'REVIEW_PASSED'>, passed: boolean): Change {
  const { verdict } = state;
  // Another one's approval does not take back what somebody asked for.
  const disputed = verdict?.headSHA === data.headSHA && !verdict.passed && verdict.by !== data.by.id;
  return {
    verdict: passed && disputed ? verdict : { headSHA: data.headSHA, passed, by: data.by.id },
    seenReviews: [...state.seenReviews, data.review],
  };
}

function forwarded(state: IssueState, data: EventData<'HEAD_FORWARDED'>): Change {
  const head = { sha: data.to, attempt: data.attempt, branch: data.branch };
  const moved = state.pullRequest?.branch === data.branch ? headMoved(state, state.pullRequest.number, data.to) : {};
  return { ...moved, forwarded: [...state.forwarded.filter((one) => one.sha !== data.to), head] };
}

function headMoved(state: IssueState, number: number, headSHA: string): Change {
  if (state.pullRequest?.number !== number || state.pullRequest.headSHA === headSHA) return {};
  return { pullRequest: { ...state.pullRequest, headSHA }, waiting: null, mergeRequested: null, failedReviews: 0 };
}

function reopened(state: IssueState, number: number, headSHA: string): Change {
  if (state.pullRequest?.number !== number || state.pullRequest.open) return {};
  const awaiting = state.awaiting?.reason === 'PullRequestClosed' ? null : state.awaiting;
  return { pullRequest: { ...state.pullRequest, headSHA, open: true }, awaiting };
}

function closed(state: IssueState, data: EventData<'PR_CLOSED'>): Change {
  const stale = state.stalePullRequests.filter((number) => number !== data.number);
  if (state.pullRequest?.number !== data.number) return { stalePullRequests: stale };
  return { stalePullRequests: stale, pullRequest: { ...state.pullRequest, open: false } };
}
