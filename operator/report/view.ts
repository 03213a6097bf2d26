import { type ReportBy, reportOf } from '#domain';
import type { ReportResponse } from '#lib/conductor';
import type { Queryable } from '#lib/db';
import { HttpError } from '#lib/http';
import { readRows } from './read.ts';

const BY: readonly string[] = ['week', 'agent', 'class'] satisfies ReportBy[];

/** GET …/report?since=&by=: how long wishes took to be merged and live, and what they took of people. Throws HttpError 400. */
export async function reportView(
  db: Queryable,
  namespace: string,
  query: Readonly<Record<string, string>>,
): Promise<ReportResponse> {
  const { by = 'week', since = '' } = query;
  if (!isBy(by)) throw new HttpError('BadRequest', 'BadGroup', 'by is week, agent or class.');
  const from = since === '' ? 0 : Date.parse(since);
  if (!(from >= 0))
    throw new HttpError('BadRequest', 'BadSince', 'since is a moment such as 2026-03-01 or 2026-03-01T12:00:00Z.');
  const { all, groups } = reportOf(await readRows(db, namespace, from), { since: from, by });
  return { namespace, since: since === '' ? null : new Date(from).toISOString(), by, all, groups: [...groups] };
}

function isBy(word: string): word is ReportBy {
  return BY.includes(word);
}
