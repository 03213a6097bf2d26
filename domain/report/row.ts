import type { StoredEvent } from '../events/catalogue.ts';

/** An event with what the log keeps beside it, as far as a report asks. */
export type ReportedEvent = Pick<StoredEvent, 'type' | 'data' | 'at'> & {
  /** Who appended it: `task` where an agent said it itself. */
  readonly by: string;
};

/** One wish: from the moment somebody asked for it until it ended, with every attempt and reopening of the conductor's own. */
export interface ReportRow {
  readonly repository: string;
  readonly taskClass: string | null;
  /** The Agent that held the work last. */
  readonly agent: string | null;
  readonly filedAt: number;
  readonly mergedAt: number | null;
  /** When the change that was done went live; null where nothing is deployed, or not yet. */
  readonly liveAt: number | null;
  readonly ending: 'Done' | 'Failed' | 'Cancelled' | null;
  readonly attempts: number;
  /** What people did for it, beside asking: approvals, commands, edits, reviews, pushes, merges by hand. */
  readonly touches: number;
  /** Times it was left to a person. */
  readonly asked: number;
  readonly tokens: number;
}

/** The wishes of one issue, oldest first: a person who asks again after an end begins another. */
export function rowsOf(events: readonly ReportedEvent[]): ReportRow[] {
  const agents = accountsOfAgents(events);
  const rows: ReportRow[] = [];
  let requested: string | null = null;
  for (const event of events) {
    if (begins(event)) rows.push(begun(event));
    const touches = touched(event, agents) + mergedByHand(event, requested);
    requested = requestedAfter(event, requested);
    const row = rows.pop();
    if (row !== undefined) rows.push({ ...row, ...change(row, event), touches: row.touches + touches });
  }
  return rows;
}

type Beginning = Extract<ReportedEvent, { type: 'ISSUE_FILED' | 'ISSUE_REOPENED' }>;

function begins(event: ReportedEvent): event is Beginning {
  return event.type === 'ISSUE_FILED' || (event.type === 'ISSUE_REOPENED' && !isOwn(event.data as object));
}

/** The conductor reopens what it finds not to live, and says why; the wish is still the same one. */
const isOwn = (data: { reason?: unknown }): boolean => data.reason !== undefined;

function begun({ data, at }: Beginning): ReportRow {
  const { repository, taskClass } = (data as { spec: { repository: string; taskClass: string | null } }).spec;
  const nothing = { agent: null, mergedAt: null, liveAt: null, ending: null };
  return { repository, taskClass, filedAt: at, ...nothing, attempts: 0, touches: 0, asked: 0, tokens: 0 };
}

type DataOf<T extends StoredEvent['type']> = Extract<StoredEvent, { type: T }>['data'];

function change(row: ReportRow, { type, data, at }: ReportedEvent): Partial<ReportRow> {
  switch (type) {
    case 'ISSUE_CLASSIFIED':
      return { taskClass: (data as DataOf<'ISSUE_CLASSIFIED'>).taskClass };
    case 'ISSUE_ASSIGNED':
      return { agent: (data as DataOf<'ISSUE_ASSIGNED'>).agent.name, attempts: row.attempts + 1 };
    case 'MERGED':
      return { mergedAt: at };
    case 'DEPLOYED_PRODUCTION':
      return { liveAt: at };
    case 'ROLLED_BACK':
      return { liveAt: null };
    case 'ISSUE_REOPENED':
      return { mergedAt: null, liveAt: null, ending: null };
    case 'HUMAN_GATE_TRIGGERED':
      return { asked: row.asked + 1 };
    case 'TOKENS_USED':
      return { tokens: row.tokens + sum((data as DataOf<'TOKENS_USED'>).tokens) };
    default:
      return ended(row, type);
  }
}

function ended(row: ReportRow, type: ReportedEvent['type']): Partial<ReportRow> {
  switch (type) {
    case 'ISSUE_DONE':
      return { ending: 'Done' };
    case 'ISSUE_FAILED':
      return { ending: 'Failed' };
    case 'ISSUE_CANCELLED':
      return { ending: 'Cancelled' };
    // A person's answer takes back an end that was only for want of attempts.
    case 'ISSUE_EDITED':
    case 'COMMAND_ACCEPTED':
      return row.ending === 'Failed' ? { ending: null } : {};
    default:
      return {};
  }
}

const sum = ({ input, output, cacheRead, cacheWrite }: DataOf<'TOKENS_USED'>['tokens']): number =>
  input + output + cacheRead + cacheWrite;

/** Accounts under which agents review: a review that a task reported itself is by one of them. */
function accountsOfAgents(events: readonly ReportedEvent[]): ReadonlySet<number> {
  return new Set(
    events.flatMap(({ type, data, by }) =>
      by === 'task' && (type === 'REVIEW_PASSED' || type === 'REVIEW_DISPUTED')
        ? [(data as DataOf<'REVIEW_PASSED'>).by.id]
        : [],
    ),
  );
}

const pushedByPerson = ({ by, machine }: DataOf<'PR_UPDATED'>): boolean =>
  by !== null && by.kind === 'user' && machine !== true;

/** The head that the conductor is about to merge after this event. */
function requestedAfter({ type, data }: ReportedEvent, requested: string | null): string | null {
  if (type === 'MERGE_REQUESTED') return (data as DataOf<'MERGE_REQUESTED'>).headSHA;
  return type === 'MERGE_GATE_WAITING' ? null : requested;
}

/** One where a person merged what the conductor had not decided to merge. */
function mergedByHand({ type, data }: ReportedEvent, requested: string | null): 0 | 1 {
  if (type !== 'MERGED') return 0;
  const { by, headSHA } = data as DataOf<'MERGED'>;
  return by?.kind === 'user' && headSHA !== requested ? 1 : 0;
}

/** One where a person did something for the issue, beside filing it and merging it. */
function touched({ type, data, by }: ReportedEvent, agents: ReadonlySet<number>): 0 | 1 {
  switch (type) {
    case 'ISSUE_APPROVED':
    case 'COMMAND_ACCEPTED':
      return 1;
    case 'ISSUE_EDITED':
      return (data as DataOf<'ISSUE_EDITED'>).changed.every((field) => field === 'number') ? 0 : 1;
    case 'REVIEW_PASSED':
    case 'REVIEW_DISPUTED':
      return by === 'task' || agents.has((data as DataOf<'REVIEW_PASSED'>).by.id) ? 0 : 1;
    case 'PR_UPDATED':
      return pushedByPerson(data as DataOf<'PR_UPDATED'>) ? 1 : 0;
    default:
      return 0;
  }
}
