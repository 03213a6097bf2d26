import type { DomainEvent, EventData } from '../events/catalogue.ts';
import type { Change, IssueState } from './state.ts';

/** A pull request that was made at the forge for a branch of the issue, when it stood at `headSHA`. */
export type OpenedPull = Omit<EventData<'PR_CREATED'>, 'stale'>;

/**
 * What the log is told of a pull request whose call ended before it could say so, with its claim or with the conductor. Nothing where it is known.
 * That of the newest attempt is the issue's, as if it had been told in time; any other is one that an earlier attempt has left open.
 */
export function decideOpened(state: IssueState, pull: OpenedPull): DomainEvent[] {
  if (state.spec === null || state.seenPulls.includes(pull.number)) return [];
  const head = state.forwarded.findLast(({ branch }) => branch === pull.branch);
  const data = { ...pull, headSHA: head?.sha ?? pull.headSHA };
  const ours = head !== undefined && isNewest(state, pull.branch);
  return [{ type: 'PR_CREATED', data: ours ? data : { ...data, stale: true } }];
}

/** Whether a pull request of this branch may still be the issue's. */
function isNewest({ lastWork, pullRequest, merged, children }: IssueState, branch: string): boolean {
  return lastWork?.branch === branch && pullRequest === null && merged === null && children.length === 0;
}

/** A stale one leaves what the newest attempt has alone. */
export function opened(state: IssueState, { stale, ...pull }: EventData<'PR_CREATED'>): Change {
  const { number } = pull;
  const seenPulls = seen(state, number);
  const others = state.stalePullRequests.filter((one) => one !== number);
  return stale === true
    ? { seenPulls, stalePullRequests: [...others, number] }
    : { seenPulls, stalePullRequests: others, pullRequest: { ...pull, open: true } };
}

/** The pull requests that the log has told of, and this one. */
export function seen({ seenPulls }: IssueState, number: number): readonly number[] {
  return seenPulls.includes(number) ? seenPulls : [...seenPulls, number];
}
