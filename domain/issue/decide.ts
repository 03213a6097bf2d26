import type { RecordedApproval } from '../approval/known.ts';
import type { AgentRef, DomainEvent, EventData, IssueSpec, Lane, TaskKind } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { Action } from './action.ts';
import { useOf } from './consent.ts';
import { isHigher } from './grade.ts';
import { cancel, release } from './release.ts';
import { type IssueState, liveTask } from './state.ts';

/** The Issue object as the rules see it. */
export interface Wish {
  readonly uid: string;
  readonly generation: number;
  readonly spec: IssueSpec;
}

/** What seeing this wish adds to the log: filed, edited, asked for again after a cancellation, or nothing. */
export function decideWish(state: IssueState, seen: Wish): DomainEvent[] {
  if (state.spec === null) return [{ type: 'ISSUE_FILED', data: seen }];
  // The number the conductor was given at the forge stays, though the object never says it.
  const wish = { ...seen, spec: { ...seen.spec, number: seen.spec.number ?? state.spec.number } };
  if (state.uid !== wish.uid)
    return [
      ...release(state, 'CancelledByPerson', 'The Issue object was deleted and applied again.'),
      { type: 'ISSUE_REOPENED', data: wish },
    ];
  if (wish.generation <= state.generation) return [];
  const changed = changedFields(state.spec, wish.spec);
  return changed.length === 0 ? [] : [{ type: 'ISSUE_EDITED', data: { ...wish, changed } }];
}

function changedFields(before: IssueSpec, after: IssueSpec): string[] {
  const fields = Object.keys(after) as (keyof IssueSpec)[];
  return fields.filter((field) => canonical(before[field]) !== canonical(after[field]));
}

/** JSON with the keys of every object in order: what comes back from the log has them in another one. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** The events of those actions that need no effect outside the log; null for the ones that do. */
export function decideAction(state: IssueState, action: Action): DomainEvent[] | null {
  const { reason } = action;
  const message = clip(action.message);
  switch (action.do) {
    case 'classify':
      return classified(state, action.tier);
    case 'reportGate':
      return [{ type: 'MERGE_GATE_WAITING', data: { gate: action.gate, headSHA: action.headSHA, reason, message } }];
    case 'awaitHuman':
      return [
        ...exceeded(state, action),
        ...release(state, 'HumanNeeded', message),
        { type: 'HUMAN_GATE_TRIGGERED', data: { reason, message } },
      ];
    case 'release':
      return release(state, reason, message);
    case 'cancelTask': {
      const task = liveTask(state, action.task);
      return task === null ? [] : [cancel(task, reason, message)];
    }
    case 'finish':
      return [
        ...release(state, 'Merged', message),
        ...milestone(state, action),
        ...verified(action),
        { type: 'ISSUE_DONE', data: { message } },
      ];
    case 'fail':
      return [...release(state, reason, message), { type: 'ISSUE_FAILED', data: { reason, message } }];
    case 'cancelIssue':
      return [...release(state, 'CancelledByPerson', message), { type: 'ISSUE_CANCELLED', data: { reason, message } }];
    default:
      return null;
  }
}

function milestone(state: IssueState, { reason }: Action): DomainEvent[] {
  return reason === 'ChildrenDone' ? [{ type: 'MILESTONE_COMPLETE', data: { children: [...state.children] } }] : [];
}

function classified(state: IssueState, grade: Extract<Action, { do: 'classify' }>['tier']): DomainEvent[] {
  const from = state.classified?.tier ?? null;
  const { tier: to, reason } = grade;
  return [
    { type: 'ISSUE_CLASSIFIED', data: { ...grade, generation: state.generation } },
    ...(from !== null && isHigher(to, from) ? [{ type: 'TIER_RAISED', data: { from, to, reason } } as const] : []),
  ];
}

function verified({ verified: proof }: Extract<Action, { do: 'finish' }>): DomainEvent[] {
  return proof === undefined ? [] : [{ type: 'VERIFIED', data: { ...proof, checks: [...proof.checks] } }];
}

function exceeded(state: IssueState, action: Action): DomainEvent[] {
  if (action.reason !== 'ReviewLoopExceeded') return [];
  return [{ type: 'REVIEW_LOOP_EXCEEDED', data: { rounds: Math.max(1, state.disputes, state.rounds.rework) } }];
}

/** The number that the forge gave an issue which was applied without one. */
export function decideFiled(state: IssueState, number: number): DomainEvent[] {
  if (state.spec === null || state.spec.number === number) return [];
  return [
    {
      type: 'ISSUE_EDITED',
      data: { uid: state.uid!, generation: state.generation, spec: { ...state.spec, number }, changed: ['number'] },
    },
  ];
}

/** What is written when a claim is taken: by the transaction that takes it, never elsewhere. */
export interface Assignment {
  readonly claim: string;
  readonly agent: AgentRef;
  readonly attempt: number;
  readonly fence: string;
  readonly branch: string;
  readonly task: string;
}

/**
 * The first task of a new work claim; `consents` are the Approvals that it took, verified this moment, and used with it. A claim for a preparation says
 * so.
 */
export function decideAssignment(
  assignment: Assignment,
  why: string,
  {
    kind = 'implement',
    consents = [],
  }: { kind?: 'implement' | 'prepare' | 'plan'; consents?: readonly RecordedApproval[] } = {},
): DomainEvent[] {
  const { claim, agent, attempt, fence, branch, task } = assignment;
  const prepares = kind === 'prepare' ? ({ prepares: true } as const) : {};
  return [
    { type: 'ISSUE_ASSIGNED', data: { claim, agent, attempt, fence, branch, ...prepares } },
    ...consents.map((one) => ({ type: 'APPROVAL_USED', data: useOf(one, 'ISSUE_ASSIGNED') }) as const),
    {
      type: 'TASK_DISPATCHED',
      data: { task, kind, claim, lane: 'work', agent, attempt, round: 1, fence, headSHA: null, why },
    },
  ];
}

/** The decision to merge a head; `consents` are the Approvals that it took, verified this moment, and used with it. */
export function decideMergeRequest(
  { number, headSHA, method }: EventData<'MERGE_REQUESTED'>,
  consents: readonly RecordedApproval[],
): DomainEvent[] {
  return [
    ...consents.map((one) => ({ type: 'APPROVAL_USED', data: useOf(one, 'MERGE_REQUESTED') }) as const),
    { type: 'MERGE_REQUESTED', data: { number, headSHA, method } },
  ];
}

/** A further task: rework under the live work claim, or a review under a claim of its own lane. */
export function decideDispatch(
  state: IssueState,
  dispatch: {
    kind: 'rework' | 'review';
    agent: AgentRef;
    headSHA: string;
    claim: string;
    fence: string;
    task: string;
    why: string;
  },
): DomainEvent[] {
  const { kind, agent, headSHA, claim, fence, task, why } = dispatch;
  const round = nextRound(state, kind);
  const lane: Lane = kind === 'review' ? 'review' : 'work';
  const attempt = state.lastWork?.attempt ?? 1;
  const dispatched: DomainEvent = {
    type: 'TASK_DISPATCHED',
    data: { task, kind, claim, lane, agent, attempt, round, fence, headSHA, why },
  };
  return kind === 'review'
    ? [{ type: 'REVIEW_ASSIGNED', data: { claim, agent, fence, headSHA } }, dispatched]
    : [dispatched];
}

/** Number of the next task of this kind within the newest attempt, from 1. */
export function nextRound(state: IssueState, kind: TaskKind): number {
  return state.rounds[kind] + 1;
}

/**
 * Number of the next work claim, from 1; it only grows over the life of the issue, and lies above `before`, the highest that is known under its
 * name: an Issue that was deleted may have had the name before.
 */
export function nextAttempt(state: IssueState, before = 0): number {
  return Math.max(state.lastWork?.attempt ?? 0, before) + 1;
}
