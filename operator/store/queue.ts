import type { Queryable } from '#lib/db';
import type { SubjectName } from './project.ts';

export interface QueueEntry {
  readonly subject: SubjectName;
  /** Version of the stream at which eligibility was decided. */
  readonly version: number;
  /** Lower goes first. */
  readonly priority: number;
  readonly filedAt: number;
  /** Uids of Agents that may take it. */
  readonly candidates: readonly string[];
  readonly stack: string | null;
  readonly message: string;
}

/** Puts an issue into the queue, or renews its entry; twice is harmless, and an older decision never replaces a newer one. */
export async function enqueue(db: Queryable, entry: QueueEntry): Promise<void> {
  await db.query(
    `INSERT INTO queue (subject, namespace, issue, version, priority, filed_at, candidates, stack, message) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (subject) DO UPDATE SET version = excluded.version, priority = excluded.priority, candidates = excluded.candidates, stack = excluded.stack, message = excluded.message
     WHERE queue.version <= excluded.version
       AND (queue.version, queue.priority, queue.candidates) IS DISTINCT FROM (excluded.version, excluded.priority, excluded.candidates)`,
    [
      entry.subject.id,
      entry.subject.namespace,
      entry.subject.name,
      entry.version,
      entry.priority,
      new Date(entry.filedAt),
      entry.candidates,
      entry.stack,
      entry.message,
    ],
  );
}

/** Takes an issue out of the queue: it is no longer eligible. */
export async function dequeue(db: Queryable, subject: string): Promise<void> {
  await db.query('DELETE FROM queue WHERE subject = $1', [subject]);
}

/** The queue of a namespace in the order in which it is served. */
export async function listQueue(
  db: Queryable,
  namespace: string,
  limit: number,
): Promise<{ issue: string; priority: number; filedAt: number; enqueuedAt: number; message: string }[]> {
  const { rows } = await db.query(
    'SELECT issue, priority, filed_at, enqueued_at, message FROM queue WHERE namespace = $1 ORDER BY priority, filed_at LIMIT $2',
    [namespace, limit],
  );
  return rows.map((row) => ({
    issue: row.issue,
    priority: row.priority,
    filedAt: Number(row.filed_at),
    enqueuedAt: Number(row.enqueued_at),
    message: row.message,
  }));
}
