import type { Issue } from '#crds';
import type { EventView } from '#lib/conductor';

/** Phases in which an issue stays unless a person does something. */
const SETTLED = ['Done', 'AwaitingHuman', 'Failed', 'Cancelled'] as const;

/** The last line of `rig up --once --json`. */
export interface Outcome {
  readonly issue: { readonly name: string; readonly phase: string };
  readonly pullRequest: { readonly number: number; readonly url: string; readonly mergeSHA: string | null } | null;
  /** Verdicts given. */
  readonly reviewRounds: number;
  readonly events: number;
  /** Seconds; null where this start did not see it. */
  readonly seconds: {
    /** Installing and building before the rig. */
    readonly setup: number;
    /** From the start to everything ready. */
    readonly up: number;
    /** From the Issue's acceptance by the API server to its first Job. */
    readonly filedToJob: number | null;
    readonly filedToMerged: number | null;
  };
}

export interface Measured {
  readonly setup: number;
  readonly up: number;
  readonly filedToJob: number | null;
}

export function isSettled(issue: Issue): boolean {
  return (SETTLED as readonly string[]).includes(issue.status?.phase ?? '');
}

/** What became of an issue, from its object and its own log. */
export function outcomeOf(issue: Issue, log: readonly EventView[], measured: Measured): Outcome {
  const pullRequest = issue.status?.pullRequest;
  const merged = lastOf(log, 'MERGED');
  const filed = log.find(({ type }) => type === 'ISSUE_FILED');
  const mergeSHA = (merged?.data as { mergeSHA?: string } | undefined)?.mergeSHA ?? null;
  return {
    issue: { name: issue.metadata.name ?? '', phase: issue.status?.phase ?? 'Pending' },
    pullRequest: pullRequest ? { number: pullRequest.number, url: pullRequest.url ?? '', mergeSHA } : null,
    reviewRounds: log.filter(({ type }) => type === 'REVIEW_PASSED' || type === 'REVIEW_DISPUTED').length,
    events: log.length,
    seconds: {
      setup: rounded(measured.setup),
      up: rounded(measured.up),
      filedToJob: measured.filedToJob === null ? null : rounded(measured.filedToJob),
      filedToMerged: filed && merged ? rounded((Date.parse(merged.at) - Date.parse(filed.at)) / 1000) : null,
    },
  };
}

function lastOf(log: readonly EventView[], type: string): EventView | undefined {
  return log.findLast((event) => event.type === type);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
