import { isReason } from '#crds';
import type { DomainEvent, Tokens } from '../events/catalogue.ts';
import type { Actor } from '../facts.ts';
import { effectiveGrade } from './grade.ts';
import { decideStart, type TracedStart } from './start.ts';
import { type IssueState, type LiveTask, liveTask } from './state.ts';

/** A task as a call names it: its name and the fence it was given. */
export interface Caller {
  readonly task: string;
  readonly fence: string;
}

/** What a live task may tell the conductor. */
export type Report =
  | { readonly type: 'started'; readonly model: string }
  | {
      readonly type: 'finished';
      readonly result: 'succeeded' | 'failed';
      readonly reason: string;
      readonly message: string;
      readonly tokens: Tokens;
    }
  | { readonly type: 'stuck'; readonly evidence: string }
  | { readonly type: 'asked'; readonly question: string }
  | { readonly type: 'guardBlocked'; readonly command: string; readonly rule: string }
  | {
      readonly type: 'headForwarded';
      readonly branch: string;
      readonly from: string | null;
      readonly to: string;
      readonly base: string;
    }
  /** It goes on from a head that stood on a branch of the issue. */
  | ({ readonly type: 'continued' } & TracedStart)
  | {
      readonly type: 'pullRequestOpened';
      readonly number: number;
      readonly url: string;
      readonly headSHA: string;
      readonly branch: string;
    }
  | {
      readonly type: 'reviewed';
      readonly passed: boolean;
      readonly headSHA: string;
      readonly by: Actor;
      readonly review: number;
      readonly threads: number;
    }
  | { readonly type: 'planProposed'; readonly digest: string; readonly text: string; readonly url: string }
  /** The head is for people to approve: the agent gives no verdict, or none that was taken. */
  | { readonly type: 'declined'; readonly message: string }
  | { readonly type: 'threadsResolved' | 'threadsReopened'; readonly threads: readonly string[]; readonly by: string };

export type Decision =
  | { readonly accepted: true; readonly events: DomainEvent[] }
  | { readonly accepted: false; readonly reason: 'DeadFence'; readonly message: string };

/** The live task that the caller is, or null: another name, an ended task, or an older fence. */
export function callerOf(state: IssueState, caller: Caller): LiveTask | null {
  const task = liveTask(state, caller.task);
  return task !== null && task.fence === caller.fence ? task : null;
}

/**
 * What a report adds to the log; a dead fence is refused. What the state holds already adds nothing the second time; commands that were blocked and
 * threads that were settled are in no state, and whoever records them tells a repetition by its name.
 */
export function decideReport(state: IssueState, caller: Caller, report: Report): Decision {
  const task = callerOf(state, caller);
  if (task === null) {
    return {
      accepted: false,
      reason: 'DeadFence',
      message: `Task ${caller.task} no longer holds its claim (fence ${caller.fence}); stop, nothing it does is taken any more.`,
    };
  }
  return { accepted: true, events: eventsOf(state, task, report) };
}

function eventsOf(state: IssueState, task: LiveTask, report: Report): DomainEvent[] {
  const who = { task: task.name, kind: task.kind, fence: task.fence };
  switch (report.type) {
    case 'started':
      return task.started
        ? []
        : [{ type: 'WORK_STARTED', data: { ...who, model: report.model.slice(0, 253) || 'unnamed' } }];
    case 'finished': {
      const reason = isReason(report.reason)
        ? report.reason
        : report.result === 'succeeded'
          ? 'Succeeded'
          : 'TaskFailed';
      return [
        // The head is for people to approve: that the agent says so is its answer.
        ...(task.kind === 'review' && reason === 'IrreversibleTier' ? declinedBy(state, task, report.message) : []),
        {
          type: 'TASK_FINISHED',
          data: { ...who, result: report.result, reason, message: report.message, tokens: report.tokens },
        },
      ];
    }
    case 'stuck':
      return [{ type: 'AGENT_STUCK', data: { ...who, evidence: report.evidence } }];
    case 'asked':
      return [{ type: 'ESCALATED', data: { ...who, question: report.question } }];
    case 'guardBlocked':
      return [{ type: 'GUARD_BLOCKED', data: { ...who, command: report.command, rule: report.rule } }];
    case 'planProposed': {
      const { digest, text, url } = report;
      if (task.kind !== 'plan' || state.plan?.digest === digest) return [];
      return [{ type: 'PLAN_PROPOSED', data: { ...who, digest, text, url } }];
    }
    case 'declined':
      return declinedBy(state, task, report.message);
    case 'threadsResolved':
    case 'threadsReopened':
      return report.threads.length === 0
        ? []
        : [
            {
              type: report.type === 'threadsResolved' ? 'THREADS_RESOLVED' : 'THREADS_REOPENED',
              data: { threads: [...report.threads], by: report.by },
            },
          ];
    default:
      return deliveryEvents(state, task, report);
  }
}

function deliveryEvents(
  state: IssueState,
  task: LiveTask,
  report: Extract<Report, { type: 'continued' | 'headForwarded' | 'pullRequestOpened' | 'reviewed' }>,
): DomainEvent[] {
  switch (report.type) {
    case 'continued':
      return decideStart(state, task.attempt, report);
    case 'headForwarded': {
      // An attempt that starts at the old tip may have nothing to add to it: the same head, on a branch of its own.
      const last = state.forwarded.at(-1);
      if (last?.sha === report.to && last.attempt === task.attempt) return [];
      const created: DomainEvent[] =
        report.from === null
          ? [{ type: 'BRANCH_CREATED', data: { branch: report.branch, sha: report.to, base: report.base } }]
          : [];
      return [
        ...created,
        {
          type: 'HEAD_FORWARDED',
          data: { branch: report.branch, from: report.from, to: report.to, fence: task.fence, attempt: task.attempt },
        },
      ];
    }
    case 'pullRequestOpened': {
      if (state.pullRequest?.number === report.number) return [];
      const { number, url, headSHA, branch } = report;
      return [{ type: 'PR_CREATED', data: { number, url, headSHA, branch } }];
    }
    case 'reviewed': {
      if (state.seenReviews.includes(report.review)) return [];
      const { headSHA, by, review, threads } = report;
      if (report.passed && effectiveGrade(state)?.tier === 'T3') return declinedBy(state, task, NO_AGENT_PASSES);
      return report.passed
        ? [{ type: 'REVIEW_PASSED', data: { headSHA, by, review } }]
        : [{ type: 'REVIEW_DISPUTED', data: { headSHA, by, review, threads, machine: true } }];
    }
  }
}

/** Why no agent's approval of T3 work is taken. */
export const NO_AGENT_PASSES = 'The change is graded T3: a person approves it, and no agent does.';

function declinedBy({ refusedReview }: IssueState, task: LiveTask, message: string): DomainEvent[] {
  if (task.headSHA === null || refusedReview === task.headSHA) return [];
  const data = { headSHA: task.headSHA, by: task.agent.name, reason: 'IrreversibleTier', message } as const;
  return [{ type: 'REVIEW_REFUSED', data }];
}
