import type { EventData } from '../events/catalogue.ts';
import { type Change, type IssueState, noIssue } from './state.ts';

/** A wish that is seen for the first time, or again after an end: attempts, branches and reviews of before are remembered. */
export function wished(state: IssueState, data: EventData<'ISSUE_FILED'>, at: number): Change {
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
export function edited(state: IssueState, data: EventData<'ISSUE_EDITED'>): Change {
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
