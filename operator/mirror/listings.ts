import type { Queryable } from '#lib/db';
import type { ForgeIssueFacts, PullRequestSummary } from '#lib/forge';
import { BASE_CHANGED_AT } from './base.ts';
import type { RepositoryKey } from './mirror.ts';

/** Names of the listings whose standing is kept; a tip is kept for each branch. */
export type ListingName = 'repository' | 'issues' | 'pulls' | 'events' | 'activity' | 'comments' | `tip:${string}`;

/** How far a listing was read: the ETag of its last answer, and the newest item it had. */
export interface ListingMark {
  readonly etag: string | null;
  readonly mark: string | null;
}

/** The standing of a repository's listings, by name. */
export async function readMarks(db: Queryable, key: RepositoryKey): Promise<Map<string, ListingMark>> {
  const { rows } = await db.query(
    'SELECT listing, etag, mark FROM forge_listings WHERE host = $1 AND repository_id = $2',
    [key.host, key.id],
  );
  return new Map(rows.map(({ listing, etag, mark }) => [listing, { etag, mark }]));
}

export async function putMark(
  db: Queryable,
  key: RepositoryKey,
  listing: ListingName,
  { etag, mark }: ListingMark,
  readAt: number,
): Promise<void> {
  await db.query(
    `INSERT INTO forge_listings (host, repository_id, listing, etag, mark, read_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (host, repository_id, listing) DO UPDATE SET etag = excluded.etag, mark = excluded.mark, read_at = excluded.read_at`,
    [key.host, key.id, listing, etag, mark, new Date(readAt)],
  );
}

/** The table of what is listed: issues or pull requests. */
type Listed = 'forge_issues' | 'forge_pulls';

/** When each of these was updated last, as far as the mirror knows; those it does not know are left out. */
export async function knownUpdates(
  db: Queryable,
  key: RepositoryKey,
  table: Listed,
  numbers: readonly number[],
): Promise<Map<number, number>> {
  const { rows } = await db.query(
    `SELECT number, updated_at FROM ${table} WHERE host = $1 AND repository_id = $2 AND number = ANY($3::int[])`,
    [key.host, key.id, numbers],
  );
  return new Map(rows.map((row) => [row.number, Number(row.updated_at)]));
}

const BATCH = 500;

/** `Mirror.putIssue` for many: of ten thousand issues in seconds. */
export async function putIssues(
  db: Queryable,
  key: RepositoryKey,
  issues: readonly ForgeIssueFacts[],
  observedAt: number,
): Promise<void> {
  for (let at = 0; at < issues.length; at += BATCH)
    await db.query(
      `INSERT INTO forge_issues AS i (host, repository_id, number, facts, gone, updated_at, observed_at)
       SELECT DISTINCT ON (number) $1, $2, number, facts, false, updated_at, $4
       FROM jsonb_to_recordset($3::jsonb) AS told (number int, facts jsonb, updated_at timestamptz) ORDER BY number, updated_at DESC
       ON CONFLICT (host, repository_id, number) DO UPDATE SET facts = excluded.facts, updated_at = excluded.updated_at, observed_at = excluded.observed_at
       WHERE NOT i.gone AND i.updated_at <= excluded.updated_at`,
      [key.host, key.id, rowsOf(issues.slice(at, at + BATCH)), new Date(observedAt)],
    );
}

/** `Mirror.putPull` for many. */
export async function putPulls(
  db: Queryable,
  key: RepositoryKey,
  pulls: readonly PullRequestSummary[],
  observedAt: number,
): Promise<void> {
  for (let at = 0; at < pulls.length; at += BATCH)
    await db.query(
      `INSERT INTO forge_pulls AS p (host, repository_id, number, head_sha, summary, updated_at, observed_at)
       SELECT DISTINCT ON (number) $1, $2, number, facts->'head'->>'sha', facts, updated_at, $4
       FROM jsonb_to_recordset($3::jsonb) AS told (number int, facts jsonb, updated_at timestamptz) ORDER BY number, updated_at DESC
       ON CONFLICT (host, repository_id, number) DO UPDATE SET head_sha = excluded.head_sha, summary = excluded.summary,
         updated_at = excluded.updated_at, observed_at = excluded.observed_at, base_changed_at = ${BASE_CHANGED_AT}
       WHERE p.updated_at <= excluded.updated_at`,
      [key.host, key.id, rowsOf(pulls.slice(at, at + BATCH)), new Date(observedAt)],
    );
}

function rowsOf(items: readonly { readonly number: number; readonly updatedAt: string }[]): string {
  return JSON.stringify(items.map((facts) => ({ number: facts.number, facts, updated_at: facts.updatedAt })));
}

/** How pull requests stood when they were last read whole by a listing. */
export async function listedStates(
  db: Queryable,
  key: RepositoryKey,
  numbers: readonly number[],
): Promise<Map<number, string | null>> {
  const { rows } = await db.query(
    'SELECT number, listed_state FROM forge_pulls WHERE host = $1 AND repository_id = $2 AND number = ANY($3::int[])',
    [key.host, key.id, numbers],
  );
  return new Map(rows.map((row) => [row.number, row.listed_state]));
}

export async function putListedState(db: Queryable, key: RepositoryKey, number: number, state: string): Promise<void> {
  await db.query('UPDATE forge_pulls SET listed_state = $4 WHERE host = $1 AND repository_id = $2 AND number = $3', [
    key.host,
    key.id,
    number,
    state,
  ]);
}
