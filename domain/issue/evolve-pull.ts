import type { EventData, StoredEvent } from '../events/catalogue.ts';
import { opened } from './opened.ts';
import type { Change, IssueState } from './state.ts';

/** What an event says of the pull request, its checks and reviews. */
export function pullRequestChange(state: IssueState, event: StoredEvent): Change {
  switch (event.type) {
    case 'WORK_CONTINUED':
      return { continuedFrom: [...state.continuedFrom, event.data.headSHA] };
    case 'HEAD_FORWARDED':
      return forwarded(state, event.data);
    case 'PR_CREATED':
      return opened(state, event.data);
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
    case 'REVIEW_REFUSED':
      return { refusedReview: event.data.headSHA };
    case 'MERGE_CONFLICT':
      return { conflict: { headSHA: event.data.headSHA, baseSHA: event.data.baseSHA } };
    default:
      return {};
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
  // The same head on the branch of an earlier attempt is another entry: its checks were started there.
  const others = state.forwarded.filter(({ sha, branch }) => sha !== data.to || branch !== data.branch);
  return { ...moved, forwarded: [...others, head] };
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
  return { stalePullRequests: stale, pullRequest: { ...state.pullRequest, open: false }, change: null };
}
