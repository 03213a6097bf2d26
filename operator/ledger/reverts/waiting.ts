import type { Queryable } from '#lib/db';
import type { RepositoryKey } from '../../mirror/mirror.ts';
import type { Merged } from './pieces.ts';

/** A forge repository whose base branch has news, and how far that was read; null where it never was. */
export interface ToRead extends RepositoryKey {
  readonly tip: string | null;
}

const UNMEASURED = `SELECT c.stream, c.record->'change'->>'mergeSHA' AS "mergeSHA", (c.record->'change'->>'mergedAt')::float8 AS merged_at, s.forge_host, s.forge_repo_id
  FROM ledger_changes c JOIN subjects s ON s.id = c.stream WHERE c.record->'change'->'measured' = 'null'::jsonb`;

/** Repositories with a merged change that is not read yet, or with such changes and a base branch that moved since it was looked through. */
export async function basesToRead(db: Queryable): Promise<ToRead[]> {
  const { rows } = await db.query(
    `WITH waiting AS (SELECT DISTINCT forge_host AS host, forge_repo_id AS id FROM (${UNMEASURED}) AS u WHERE forge_repo_id IS NOT NULL),
     moved AS (SELECT b.host, b.repo_id AS id FROM ledger_bases b JOIN forge_repositories r ON r.host = b.host AND r.id = b.repo_id
       WHERE r.facts->>'defaultBranchSHA' IS DISTINCT FROM b.tip)
     SELECT n.host, n.id::float8 AS id, b.tip FROM (SELECT * FROM waiting UNION SELECT * FROM moved) AS n
     LEFT JOIN ledger_bases b ON b.host = n.host AND b.repo_id = n.id ORDER BY 1, 2`,
  );
  return rows;
}

/** Merged changes of a repository that were not read yet, in the order in which they were merged: a later one may be the inverse of an earlier. */
export async function unmeasured(db: Queryable, { host, id }: RepositoryKey): Promise<Merged[]> {
  const { rows } = await db.query(
    `SELECT stream, "mergeSHA" FROM (${UNMEASURED}) AS u WHERE forge_host = $1 AND forge_repo_id = $2
     GROUP BY 1, 2 ORDER BY min(merged_at), 2`,
    [host, id],
  );
  return rows;
}

export async function saveTip(db: Queryable, { host, id }: RepositoryKey, tip: string): Promise<void> {
  await db.query(
    'INSERT INTO ledger_bases (host, repo_id, tip) VALUES ($1, $2, $3) ON CONFLICT (host, repo_id) DO UPDATE SET tip = excluded.tip',
    [host, id, tip],
  );
}

/** The merged changes that a message may mean: by the beginning of their commit, or by pull request. */
export async function subjectOf(
  db: Queryable,
  { host, id }: RepositoryKey,
  said: { readonly commits: readonly string[]; readonly pulls: readonly number[] },
): Promise<Merged[]> {
  const { rows } = await db.query(
    `SELECT DISTINCT c.stream, c.record->'change'->>'mergeSHA' AS "mergeSHA" FROM ledger_changes c JOIN subjects s ON s.id = c.stream
     WHERE s.forge_host = $1 AND s.forge_repo_id = $2 AND ((c.record->'change'->>'pullRequest')::int = ANY ($4)
       OR EXISTS (SELECT FROM unnest($3::text[]) AS short WHERE starts_with(c.record->'change'->>'mergeSHA', short)))`,
    [host, id, said.commits, said.pulls],
  );
  return rows;
}

/** How many commits a pull request had when it was read last; null where that is not known for sure. */
export async function mergedBy(db: Queryable, { host, id }: RepositoryKey, number: number): Promise<number | null> {
  const { rows } = await db.query(
    `SELECT live->'complete'->>'commits' AS complete, jsonb_array_length(live->'commits') AS commits FROM forge_pulls
     WHERE host = $1 AND repository_id = $2 AND number = $3 AND live IS NOT NULL`,
    [host, id, number],
  );
  return rows[0]?.complete === 'true' && rows[0].commits > 0 ? rows[0].commits : null;
}
