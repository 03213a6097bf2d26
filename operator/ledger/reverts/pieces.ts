import { type Pool, type Queryable, transaction } from '#lib/db';
import type { RepositoryKey } from '../../mirror/mirror.ts';
import { type Hunk, movesOf, type Pieces } from './hunks.ts';

/** A merged change of an Issue. */
export interface Merged {
  readonly stream: string;
  readonly mergeSHA: string;
}

/** What a commit took of a change, in lines. */
export interface Taken extends Merged {
  readonly lines: number;
  readonly gone: number;
  readonly goneNow: number;
}

/** Pieces that are kept of one change; one of more is kept by its files. */
const KEPT = 5_000;

/** Keeps the pieces of a change; harmless to repeat. */
export async function keepPieces(
  db: Queryable,
  key: RepositoryKey,
  { stream, mergeSHA }: Merged,
  pieces: Pieces,
): Promise<void> {
  const kept = pieces.hunks.length <= KEPT ? pieces.hunks : pieces.files;
  await db.query(
    `INSERT INTO ledger_hunks (stream, merge_sha, seq, host, repo_id, forward, inverse, lines)
     SELECT $1, $2, seq, $3, $4, forward, inverse, lines
     FROM unnest($5::text[], $6::text[], $7::int[]) WITH ORDINALITY AS h (forward, inverse, lines, seq) ON CONFLICT DO NOTHING`,
    [
      stream,
      mergeSHA,
      key.host,
      key.id,
      kept.map(({ id }) => id),
      kept.map(({ inverse }) => inverse),
      kept.map(({ lines }) => lines),
    ],
  );
}

/** How many lines commits take back of merged changes: what is made of those alone is somebody's inverse. */
export async function takenBy(db: Queryable, { host, id }: RepositoryKey, commits: readonly string[]): Promise<number> {
  const { rows } = await db.query(
    'SELECT coalesce(sum(lines), 0)::int AS lines FROM ledger_hunks WHERE host = $1 AND repo_id = $2 AND gone_by = ANY ($3)',
    [host, id, commits],
  );
  return rows[0].lines;
}

/** The pieces that `inverse` or `forward` names, as many of each as the commit has, where `state` holds of them. */
const matching = (column: 'inverse' | 'forward', state: string) => `
  WITH taken AS (SELECT id, count(*) AS n FROM unnest($3::text[]) AS id GROUP BY id),
  found AS (SELECT h.stream, h.merge_sha, h.seq, row_number() OVER (PARTITION BY h.stream, h.merge_sha, h.${column} ORDER BY h.seq) AS place, taken.n
    FROM ledger_hunks h JOIN taken ON taken.id = h.${column}
    WHERE h.host = $1 AND h.repo_id = $2 AND h.merge_sha <> $4 AND ${state} AND ($5::text IS NULL OR h.merge_sha = $5))`;

/**
 * What a commit does, by the ids of its pieces. A file that it only moves is not gone, unless the place to which it moves was left by a merged change:
 * then it is moved back.
 */
async function idsOf(db: Queryable, { host, id }: RepositoryKey, { hunks, files, edits }: Pieces): Promise<string[]> {
  const all = [...hunks, ...files];
  const byFile = Map.groupBy(all, ({ file }: Hunk) => file);
  const idsIn = (file: string) => (byFile.get(file) ?? []).map((hunk) => hunk.id);
  const moves = movesOf(edits);
  if (moves.length === 0) return all.map((hunk) => hunk.id);
  const { rows } = await db.query<{ inverse: string }>(
    'SELECT DISTINCT inverse FROM ledger_hunks WHERE host = $1 AND repo_id = $2 AND inverse = ANY ($3)',
    [host, id, moves.flatMap(({ to }) => idsIn(to))],
  );
  const left = new Set(rows.map(({ inverse }) => inverse));
  const moved = new Set(moves.filter(({ to }) => !idsIn(to).some((one) => left.has(one))).map(({ from }) => from));
  return all.filter(({ file }) => !moved.has(file)).map((hunk) => hunk.id);
}

/**
 * Notes what a commit takes of merged changes and what it brings back, and answers the changes that it takes of. With `only`, of that
 * change. Asked again about the same commit it answers the same.
 */
export async function takePieces(
  pool: Pool,
  key: RepositoryKey,
  commit: string,
  pieces: Pieces,
  only: string | null,
): Promise<Taken[]> {
  const ids = await idsOf(pool, key, pieces);
  const values = [key.host, key.id, ids, commit, only];
  return transaction(pool, async (tx) => {
    await tx.query(
      `${matching('forward', 'h.gone_by IS NOT NULL AND h.gone_by <> $4')}
       UPDATE ledger_hunks h SET gone_by = NULL FROM found f
       WHERE (h.stream, h.merge_sha, h.seq) = (f.stream, f.merge_sha, f.seq) AND f.place <= f.n`,
      values,
    );
    await tx.query(
      `${matching('inverse', 'h.gone_by IS NULL')}
       UPDATE ledger_hunks h SET gone_by = $4 FROM found f
       WHERE (h.stream, h.merge_sha, h.seq) = (f.stream, f.merge_sha, f.seq) AND f.place <= f.n`,
      values,
    );
    const { rows } = await tx.query(
      `SELECT stream, merge_sha AS "mergeSHA", sum(lines)::int AS lines, coalesce(sum(lines) FILTER (WHERE gone_by IS NOT NULL), 0)::int AS gone,
         sum(lines) FILTER (WHERE gone_by = $3)::int AS "goneNow"
       FROM ledger_hunks WHERE (stream, merge_sha) IN (SELECT stream, merge_sha FROM ledger_hunks WHERE host = $1 AND repo_id = $2 AND gone_by = $3)
       GROUP BY stream, merge_sha`,
      [key.host, key.id, commit],
    );
    return rows;
  });
}
