import { type Pool, type Queryable, transaction } from '#lib/db';
import type { RepositoryKey } from '../../mirror/mirror.ts';
import type { Edit } from './hunks.ts';
import { type KeptLines, keepLines, takeLines } from './lines.ts';
import type { Merged, Taken } from './pieces.ts';

/** Changes to the files of one commit that it is held against, the newest first. */
const TOUCHED = 500;
/** So long a commit that nobody can read is asked about, where it may have touched anything. */
const RECENT = '30 days';

/** Keeps the lines of a change, and which files it touched; harmless to repeat. */
export async function keepChange(
  db: Queryable,
  key: RepositoryKey,
  { stream, mergeSHA }: Merged,
  edits: readonly Edit[],
): Promise<void> {
  const { files, lines } = keepLines(edits);
  await db.query(
    `INSERT INTO ledger_lines (stream, merge_sha, host, repo_id, paths, lines) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING`,
    [stream, mergeSHA, key.host, key.id, files, JSON.stringify(lines)],
  );
}

/** Notes what a commit takes of the lines of merged changes and what it brings back, and answers the changes that it takes of. With `only`, of that change. */
export async function takeChanges(
  pool: Pool,
  key: RepositoryKey,
  commit: string,
  edits: readonly Edit[],
  only: string | null,
): Promise<Taken[]> {
  const files = [...new Set(edits.map(({ token }) => token))];
  return transaction(pool, async (tx) => {
    const { rows } = await tx.query<Merged & { files: string[]; lines: KeptLines['lines'] }>(
      `SELECT stream, merge_sha AS "mergeSHA", paths AS files, lines FROM ledger_lines
       WHERE host = $1 AND repo_id = $2 AND paths && $3::text[] AND merge_sha <> $4 AND ($5::text IS NULL OR merge_sha = $5)
       ORDER BY kept_at DESC, merge_sha LIMIT ${TOUCHED} FOR UPDATE`,
      [key.host, key.id, files, commit, only],
    );
    const taken: Taken[] = [];
    for (const { stream, mergeSHA, ...kept } of rows) {
      const { kept: after, ...counts } = takeLines(kept, commit, edits);
      const lines = JSON.stringify(after.lines);
      if (lines !== JSON.stringify(kept.lines))
        await tx.query('UPDATE ledger_lines SET lines = $3 WHERE stream = $1 AND merge_sha = $2', [
          stream,
          mergeSHA,
          lines,
        ]);
      if (counts.goneNow > 0) taken.push({ stream, mergeSHA, ...counts });
    }
    return taken;
  });
}

/** The merged changes that touched one of these files; where nobody can tell which, those of the last 30 days. */
export async function touchedBy(
  db: Queryable,
  { host, id }: RepositoryKey,
  files: readonly string[] | null,
): Promise<Merged[]> {
  const { rows } = await db.query(
    `SELECT stream, merge_sha AS "mergeSHA" FROM ledger_lines WHERE host = $1 AND repo_id = $2
       AND CASE WHEN $3::text[] IS NULL THEN kept_at > now() - interval '${RECENT}' ELSE paths && $3::text[] END
     ORDER BY kept_at DESC, merge_sha LIMIT ${TOUCHED}`,
    [host, id, files],
  );
  return rows;
}
