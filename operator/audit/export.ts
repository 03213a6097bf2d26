import { open } from 'node:fs/promises';
import { replay, type StoredEvent } from '#domain';
import { type Pool, transaction } from '#lib/db';
import type { KubeClient } from '#lib/kube';
import { ISSUES } from '../objects.ts';
import { type ArchivedEvent, type ArchivedSubject, ArchiveWriter, readArchive } from './archive.ts';

export interface ExportOptions {
  readonly pool: Pool;
  readonly client: KubeClient;
  /** Streams whose newest event is older; ms since the epoch. */
  readonly before: number;
  /** Made new; one that exists is never written over. */
  readonly file: string;
  /** Whether what was exported is deleted, once the export was read back and verified. */
  readonly remove: boolean;
}

export interface Exported {
  readonly digest: string;
  readonly streams: number;
  readonly events: number;
  readonly removed: number;
}

/**
 * Writes the finished streams of Issues that are gone from the cluster to a file, one JSON line an event, the last line a digest of all others.
 * Left out is what may still be asked for: an Issue that is there, an open write to the forge, an event that a tail has not met, and the
 * streams with the newest event and the highest fence, by which an older database is known.
 */
export async function exportStreams(options: ExportOptions): Promise<Exported> {
  const { pool, file } = options;
  const subjects = await finished(options);
  const out = await open(file, 'wx', 0o600);
  const writer = new ArchiveWriter(async (text) => void (await out.write(text)));
  try {
    for (const subject of subjects) {
      const events = await readStream(pool, subject.id);
      if (replay(events.map(toDomain)).ending !== null) await writer.stream(subject, events);
    }
    await writer.end();
    await out.sync();
  } finally {
    await out.close();
  }
  const { digest, streams } = await readArchive(file);
  const events = streams.reduce((sum, stream) => sum + stream.events.length, 0);
  let removed = 0;
  if (options.remove)
    for (const { subject, events: told } of streams) removed += await remove(pool, subject, told.length, digest);
  return { digest, streams: streams.length, events, removed };
}

async function finished({ pool, client, before }: ExportOptions): Promise<ArchivedSubject[]> {
  const { items } = await client.list(ISSUES);
  const present = new Set(items.flatMap(({ metadata }) => [metadata.uid!, `${metadata.namespace}/${metadata.name}`]));
  const { rows } = await pool.query<ArchivedSubject>(
    `SELECT s.id, s.kind, s.namespace, s.name, s.uid, s.forge_host AS "forgeHost", s.forge_repo_id AS "forgeRepoId", s.number
     FROM subjects s JOIN LATERAL (SELECT max(at) AS at, max(txid::text::numeric) AS txid FROM events WHERE stream = s.id) AS last ON true
     WHERE s.kind = 'Issue' AND last.at < $1
       AND NOT EXISTS (SELECT FROM effects WHERE subject = s.id::text AND state IN ('planned', 'started'))
       AND NOT EXISTS (SELECT FROM tasks WHERE subject = s.id AND ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM tails t JOIN events e ON e.stream = s.id AND (e.txid, e.pos) > (t.txid, t.pos))
       AND s.id IS DISTINCT FROM (SELECT stream FROM events ORDER BY txid DESC, pos DESC LIMIT 1)
       AND s.id IS DISTINCT FROM (SELECT subject FROM tasks ORDER BY sequence DESC LIMIT 1)
     ORDER BY s.id`,
    [new Date(before)],
  );
  return rows.filter(({ uid, namespace, name }) => !present.has(uid ?? '') && !present.has(`${namespace}/${name}`));
}

async function readStream(pool: Pool, stream: string): Promise<ArchivedEvent[]> {
  const { rows } = await pool.query(
    'SELECT stream, version, type, schema, data, meta, at FROM events WHERE stream = $1 ORDER BY version',
    [stream],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

export function toDomain({ type, data, version, at }: ArchivedEvent): StoredEvent {
  return { type, data, version, at: Date.parse(at) } as StoredEvent;
}

/**
 * All of a stream or nothing: one that grew since it was exported stays. Whoever appends is waited for, and waits, for the milliseconds that one
 * stream takes: an append looks for the version before it, which would still be there while the deletion is under way. What was written
 * to the forge for it stays known.
 */
async function remove(pool: Pool, subject: ArchivedSubject, versions: number, digest: string): Promise<number> {
  return transaction(pool, async (tx) => {
    await tx.query('LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE');
    const { rows } = await tx.query('SELECT count(*)::int AS n FROM events WHERE stream = $1', [subject.id]);
    if (rows[0].n !== versions) return 0;
    await tx.query(
      'INSERT INTO archived_streams (stream, namespace, name, versions, digest) VALUES ($1, $2, $3, $4, $5)',
      [subject.id, subject.namespace, subject.name, versions, digest],
    );
    await tx.query('DELETE FROM events WHERE stream = $1', [subject.id]);
    for (const table of ['queue', 'tasks', 'claims'])
      await tx.query(`DELETE FROM ${table} WHERE subject = $1`, [subject.id]);
    await tx.query('DELETE FROM subjects WHERE id = $1', [subject.id]);
    return 1;
  });
}
