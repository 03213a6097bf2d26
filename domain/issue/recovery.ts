import { outdateApprovals } from '../approval/record.ts';
import type { DomainEvent, EventData } from '../events/catalogue.ts';
import { decideFiled } from './decide.ts';
import { seen } from './opened.ts';
import { release } from './release.ts';
import type { Change, IssueState, WorkClaim } from './state.ts';

/** What forge and cluster show of an issue beside a log that a restore took back. */
export interface Remains {
  /** Number of the newest work claim of which there is a trace; 0 for none. */
  readonly attempt: number;
  readonly branch: string | null;
  /** The newest pull request of a branch of ours. */
  readonly pullRequest: EventData<'RECOVERED'>['pullRequest'];
  /** The number the issue was given at the forge, where it has one. */
  readonly number: number | null;
  /** False where the forge could not be read: then a person looks before anything is done. */
  readonly read: boolean;
}

export interface Recovery {
  /** Names the recovery: a stream is told of it once. */
  readonly id: string;
  /** Every fence up to this one may have been given. */
  readonly fence: string;
  /** RFC 3339: from here on the database does not know what was done. */
  readonly lostSince: string;
}

const SAID = 'The database was restored from a backup, and what ran then is not taken up again.';

/**
 * What a recovery adds to one issue's log: what ran is ended without blame, and what was left behind by the lost time is taken up, so that no
 * attempt, branch or pull request is made a second time. Nothing where the recovery is known already, or nothing is open and nothing was lost.
 */
export function decideRecovery(state: IssueState, recovery: Recovery, remains: Remains): DomainEvent[] {
  if (state.spec === null || state.recovered?.id === recovery.id) return [];
  const known = state.lastWork?.attempt ?? 0;
  if (state.ending !== null && remains.attempt <= known) return [];
  const { id, fence, lostSince } = recovery;
  const { branch, pullRequest } = remains;
  const attempt = Math.max(known, remains.attempt);
  return [
    ...release(state, 'DatabaseRestored', SAID),
    ...(remains.number === null || state.spec.number !== null ? [] : decideFiled(state, remains.number)),
    {
      type: 'RECOVERED',
      data: { recovery: id, fence, lostSince, attempt, branch, pullRequest, message: SAID },
    },
    ...(remains.read || state.ending !== null ? [] : asked()),
  ];
}

function asked(): DomainEvent[] {
  const message =
    'The database was restored from a backup and the forge could not be read: look there for what was done for this issue since, then edit the issue to go on.';
  return [{ type: 'HUMAN_GATE_TRIGGERED', data: { reason: 'DatabaseRestored', message } }];
}

/**
 * Attempts and pull requests of the lost time count; what they pushed was forwarded by nobody who is known, so the gate passes none of it. Nor does it
 * know which Approvals were taken back in that time, so none of before holds.
 */
export function recovered(state: IssueState, data: EventData<'RECOVERED'>, at: number): Change {
  const before = state.pullRequest;
  const pullRequest = data.pullRequest === null || state.merged !== null ? before : { ...data.pullRequest, open: true };
  const replaced = before?.open === true && before.number !== pullRequest?.number ? [before.number] : [];
  return {
    recovered: { id: data.recovery, lostSince: data.lostSince, attempt: data.attempt, branch: data.branch },
    work: null,
    task: { work: null, review: null },
    lastEnd: { work: null, review: null },
    lastWork: lastWork(state, data),
    pullRequest,
    stalePullRequests: [...state.stalePullRequests, ...replaced],
    ...(data.pullRequest !== null && { seenPulls: seen(state, data.pullRequest.number) }),
    waiting: null,
    mergeRequested: null,
    approvals: outdateApprovals(state.approvals),
    approvedSince: at,
  };
}

function lastWork(state: IssueState, { attempt, branch, fence }: EventData<'RECOVERED'>): WorkClaim | null {
  const known = state.lastWork;
  if (attempt === 0 || (known !== null && known.attempt >= attempt)) return known;
  return {
    id: `lost-${attempt}`,
    agent: known?.agent ?? { name: 'unknown', uid: '' },
    attempt,
    fence,
    branch: branch ?? known?.branch ?? '',
    generation: state.wishGeneration,
  };
}

/** The branch on which the work for the present wish stopped last, where the next attempt starts; null where none was pushed. */
export function branchBefore({ forwarded, recovered }: IssueState): string | null {
  const last = forwarded.at(-1) ?? null;
  const lost = recovered !== null && recovered.attempt > (last?.attempt ?? 0) ? recovered.branch : null;
  return lost ?? last?.branch ?? null;
}
