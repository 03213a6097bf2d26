import { outdateApprovals } from '../approval/record.ts';
import type { EventData } from '../events/catalogue.ts';
import { type Change, type IssueState, noIssue } from './state.ts';

/**
 * A wish that is seen for the first time, or again after an end: attempts, branches and reviews of before are remembered, and so is a hold, which
 * only a person who may command takes back.
 */
export function wished(state: IssueState, data: EventData<'ISSUE_FILED'>, at: number): Change {
  const fresh = {
    ...noIssue,
    lastWork: state.lastWork,
    // What is merged already neither answers a wish that comes after it, nor is it where the work goes on from.
    forwarded: state.merged === null ? state.forwarded : [],
    stalePullRequests: state.stalePullRequests,
    seenPulls: state.seenPulls,
    seenReviews: state.seenReviews,
    seenCommands: state.seenCommands,
    tierFloor: state.tierFloor,
    hold: state.hold,
    // What was asked for before is not asked for again because the object still says it.
    preparation: state.preparation && { ...state.preparation, begun: true },
    pullRequest: state.merged === null ? state.pullRequest : null,
    approvals: outdateApprovals(state.approvals),
    approvedSince: at,
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

/** A person's edit is an answer, and asks for a new grade. One that says whether the object is suspended ends a hold as well. */
export function edited(state: IssueState, data: EventData<'ISSUE_EDITED'>): Change {
  const wish = { spec: data.spec, generation: data.generation };
  if (data.changed.every((field) => field === 'number')) return wish;
  const wishGeneration = data.changed.some((field) => ASKS.has(field)) ? data.generation : state.wishGeneration;
  const hold = data.changed.includes('suspend') ? null : state.hold;
  // What another wish asks for shows another change.
  const same = wishGeneration === state.wishGeneration;
  const change = same ? state.change : null;
  const plan = same ? state.plan : null;
  return { ...wish, ...answered(state), wishGeneration, hold, change, plan };
}

/** What a command changes by itself; the end or the new beginning that it leads to is an event of its own. */
export function commanded(state: IssueState, data: EventData<'COMMAND_ACCEPTED'>, at: number): Change {
  const seenCommands = data.comment === null ? state.seenCommands : [...state.seenCommands, data.comment];
  return { seenCommands, ...heard(state, data, at) };
}

function heard(state: IssueState, data: EventData<'COMMAND_ACCEPTED'>, at: number): Change {
  switch (data.command) {
    case 'retry':
      return { ...answered(state), hold: null };
    case 'hold':
      return { hold: { by: data.by.login, since: at } };
    case 'unhold':
      return { hold: null };
    case 'review':
      return { verdict: null, failedReviews: 0, reviewLosses: 0, lastEnd: { ...state.lastEnd, review: null } };
    case 'tier':
      return { tierFloor: data.tier };
    case 'reopen':
      return takenUp(state);
    case 'cancel':
      return {};
  }
}

/** Who may ask for work has asked for what had ended: no hold of before keeps it. */
export function takenUp(state: IssueState): Change {
  return state.ending === null ? {} : { hold: null };
}

/** What the answer of a person takes back: the question, the attempts that are used up, and an end that was only for want of them. */
function answered(state: IssueState): Change {
  return {
    awaiting: null,
    failures: 0,
    losses: 0,
    lastFailure: null,
    failedReviews: 0,
    reviewLosses: 0,
    disputes: 0,
    // The log names children that are gone: those that are there are told again.
    children: state.awaiting?.reason === 'ChildFailed' ? [] : state.children,
    ending: state.ending?.kind === 'Failed' ? null : state.ending,
  };
}
