import type { ReportRow } from './row.ts';
import { weekOf } from './week.ts';

export type ReportBy = 'week' | 'agent' | 'class';

/** How long something took, in ms, over those that came to it: half and nineteen of twenty took no longer. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
}

/** What is said of a number of wishes together. */
export interface ReportGroup {
  /** The week (`2026-W10`), Agent or class; `all` of the whole. */
  readonly key: string;
  readonly issues: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly open: number;
  readonly filedToMerged: Spread | null;
  readonly filedToLive: Spread | null;
  /** What people did, on average for one; and how many of the done ones nobody touched. */
  readonly touchesPerIssue: number;
  readonly untouched: number;
  /** Times a person was asked. */
  readonly asked: number;
  readonly attempts: number;
  readonly tokens: number;
  /** Null: no event says what a token costs. */
  readonly costUSD: null;
}

export interface Report {
  readonly by: ReportBy;
  readonly all: ReportGroup;
  /** In the order of their keys. */
  readonly groups: readonly ReportGroup[];
}

/**
 * What became of the wishes that were asked for, merged or went live at or after `since` (ms): all of them, and by the week of their merge
 * (of asking, for what is not merged), the Agent that held the work last, or the class of work. Pure.
 */
export function reportOf(rows: readonly ReportRow[], { since, by }: { since: number; by: ReportBy }): Report {
  const counted = rows.filter(
    ({ filedAt, mergedAt, liveAt }) => Math.max(filedAt, mergedAt ?? 0, liveAt ?? 0) >= since,
  );
  const groups = Map.groupBy(counted, (row) => keyOf(row, by));
  return {
    by,
    all: groupOf('all', counted),
    groups: [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, members]) => groupOf(key, members)),
  };
}

function keyOf(row: ReportRow, by: ReportBy): string {
  switch (by) {
    case 'week':
      return weekOf(row.mergedAt ?? row.filedAt);
    case 'agent':
      return row.agent ?? '(none)';
    case 'class':
      return row.taskClass ?? '(none)';
  }
}

function groupOf(key: string, rows: readonly ReportRow[]): ReportGroup {
  const ended = (ending: ReportRow['ending']) => rows.filter((row) => row.ending === ending);
  const total = (of: (row: ReportRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  return {
    key,
    issues: rows.length,
    done: ended('Done').length,
    failed: ended('Failed').length,
    cancelled: ended('Cancelled').length,
    open: ended(null).length,
    filedToMerged: spreadOf(rows.flatMap(({ filedAt, mergedAt }) => (mergedAt === null ? [] : [mergedAt - filedAt]))),
    filedToLive: spreadOf(rows.flatMap(({ filedAt, liveAt }) => (liveAt === null ? [] : [liveAt - filedAt]))),
    touchesPerIssue: rows.length === 0 ? 0 : total(({ touches }) => touches) / rows.length,
    untouched: ended('Done').filter(({ touches }) => touches === 0).length,
    asked: total(({ asked }) => asked),
    attempts: total(({ attempts }) => attempts),
    tokens: total(({ tokens }) => tokens),
    costUSD: null,
  };
}

/** By the nearest rank: each is a value that was really measured. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { count: sorted.length, p50: rank(0.5), p95: rank(0.95) };
}
