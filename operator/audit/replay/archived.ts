import { replay } from '#domain';
import type { Pool } from '#lib/db';
import { readArchive } from '../archive.ts';
import { toDomain } from '../export.ts';
import type { Difference } from './difference.ts';
import { gaps } from './history.ts';

/**
 * Replays the streams of an export: each whole, ended, and in the export that the database names for it. Their rows left the database
 * with them, so there is nothing else to compare. Throws for a file that is not as it was written.
 */
export async function replayArchive(
  pool: Pool,
  file: string,
): Promise<{ streams: number; events: number; differences: Difference[] }> {
  const { digest, streams } = await readArchive(file);
  const { rows } = await pool.query('SELECT stream, versions, digest FROM archived_streams');
  const known = new Map(rows.map((row) => [row.stream, row]));
  const differences = streams.flatMap(({ subject, events }): Difference[] => {
    const told = events.map(toDomain);
    const row = known.get(subject.id);
    const live = row === undefined ? null : { digest: row.digest, versions: row.versions };
    const replayed = { digest, versions: events.length };
    const where = 'archive';
    return [
      ...gaps(subject.id, told),
      ...(replay(told).ending === null
        ? [{ where, what: subject.id, field: 'ending', live: null, replayed: 'open' }]
        : []),
      // One that was only exported is in the database still, and compared there.
      ...(live !== null && JSON.stringify(live) !== JSON.stringify(replayed)
        ? [{ where, what: subject.id, field: 'digest', live, replayed }]
        : []),
    ];
  });
  return { streams: streams.length, events: streams.reduce((sum, { events }) => sum + events.length, 0), differences };
}
