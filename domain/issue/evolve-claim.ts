import type { Reason } from '#crds';
import type { EventData, StoredEvent } from '../events/catalogue.ts';
import { type Change, type IssueState, type LiveTask, liveTask, noRounds, type TaskEnd } from './state.ts';

export function assigned(state: IssueState, data: EventData<'ISSUE_ASSIGNED'>): Change {
  const work = {
    id: data.claim,
    agent: data.agent,
    attempt: data.attempt,
    fence: data.fence,
    branch: data.branch,
    generation: state.wishGeneration,
    ...(data.prepares && { prepares: true }),
  };
  const stale =
    state.pullRequest?.open === true ? [...state.stalePullRequests, state.pullRequest.number] : state.stalePullRequests;
  return {
    work,
    lastWork: work,
    // Who prepares does so beside the person who is waited for.
    awaiting: data.prepares ? state.awaiting : null,
    preparation: state.preparation && { ...state.preparation, begun: true },
    stalePullRequests: stale,
    pullRequest: null,
    rounds: noRounds,
    lastEnd: { work: null, review: null },
    reworkedHeads: [],
    continuedFrom: [],
    verdict: null,
    ci: null,
    conflict: null,
    waiting: null,
    mergeRequested: null,
    refusals: null,
    disputes: 0,
    failedReviews: 0,
    reviewLosses: 0,
  };
}

const BLAMELESS = new Set<string>([
  'NewerGeneration',
  'Suspended',
  'CancelledByPerson',
  'Merged',
  'HumanNeeded',
  'DatabaseRestored',
  'HasChildren',
  'Prepared',
  'PlanProposed',
] satisfies Reason[]);

export function unassigned(state: IssueState, data: EventData<'ISSUE_UNASSIGNED'>, at: number): Change {
  if (state.work?.id !== data.claim) return {};
  const released = { work: null, task: { ...state.task, work: null } };
  const lastFailure = { reason: data.reason, message: data.message, at };
  // Nobody's fault, but the next attempt waits all the same: what lost this one may lose the next at once.
  if (data.reason === 'InfrastructureLost') return { ...released, losses: state.losses + 1, lastFailure };
  return BLAMELESS.has(data.reason) ? released : { ...released, failures: state.failures + 1, losses: 0, lastFailure };
}

export function dispatched(state: IssueState, data: EventData<'TASK_DISPATCHED'>, at: number): Change {
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

export function started(state: IssueState, name: string): Change {
  const task = liveTask(state, name);
  return task === null ? {} : { task: { ...state.task, [task.lane]: { ...task, started: true } } };
}

type TaskEnding = Extract<
  StoredEvent,
  { type: 'TASK_FINISHED' | 'TASK_LOST' | 'TASK_CANCELLED' | 'AGENT_STUCK' | 'ESCALATED' }
>;

export function ended(state: IssueState, event: TaskEnding): Change {
  const task = liveTask(state, event.data.task);
  if (task === null) return {};
  const end = taskEnd(event);
  return {
    task: { ...state.task, [task.lane]: null },
    lastEnd: { ...state.lastEnd, [task.lane]: end },
    ...(task.lane === 'review' ? reviewEnded(state, task, end) : {}),
    // After a rework the reviewer looks again, even where the answer moved no head. What was said of the head it made stands.
    verdict: task.kind === 'rework' && end.ending === 'succeeded' && answers(task, state) ? null : state.verdict,
  };
}

/** Whether the newest verdict is of the head that the rework was sent back with. */
const answers = (rework: LiveTask, { verdict }: IssueState): boolean => verdict?.headSHA === rework.headSHA;

/** A review that says it is done and gave no verdict on a head that still stands came to nothing as well. */
function reviewEnded(state: IssueState, { headSHA }: LiveTask, { ending, infrastructure }: TaskEnd): Change {
  const { failedReviews, reviewLosses, verdict, refusedReview, pullRequest } = state;
  const answered = verdict?.headSHA === headSHA || refusedReview === headSHA;
  const silent = ending === 'succeeded' && !answered && pullRequest?.headSHA === headSHA;
  if (silent) return { failedReviews: failedReviews + 1, reviewLosses: 0 };
  if (ending === 'succeeded') return { reviewLosses: 0 };
  if (ending === 'cancelled') return {};
  return infrastructure ? { reviewLosses: reviewLosses + 1 } : { failedReviews: failedReviews + 1 };
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
    at: event.at,
  });
  switch (event.type) {
    case 'TASK_FINISHED':
      // What it did could not be brought to the forge, which is not its fault.
      return end(
        event.data.result,
        event.data.reason,
        event.data.message,
        event.data.result === 'failed' && event.data.reason === 'ForgeUnreachable',
      );
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
