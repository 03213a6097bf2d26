import type { Database } from '../rig/database.ts';
import { Chronicle, type StreamDigest, type Witnessed } from './chronicle.ts';

/** Everything in an event's row but the transaction it came with. */
const DIGEST = "md5(concat_ws('|', pos, type, schema, data, meta, at))";
const FOLLOW = `SELECT stream, version, pos::int AS pos, type, data, at, txid::text AS txid, ${DIGEST} AS digest FROM events
  WHERE (txid, pos) > ($1::text::xid8, $2) AND txid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY txid, pos`;
const DIGESTS = `SELECT stream, count(*)::int AS count, md5(string_agg(digest, ',' ORDER BY version)) AS digest
  FROM (SELECT stream, version, ${DIGEST} AS digest FROM events) rows GROUP BY stream`;
/** Both tables have an index against it; this looks at what is there, not at how it is kept from being there. */
const DOUBLES = `SELECT 'claims' AS what, subject, lane FROM claims WHERE ended_at IS NULL GROUP BY 2, 3 HAVING count(*) > 1
  UNION ALL SELECT 'tasks', subject, lane FROM tasks WHERE ended_at IS NULL GROUP BY 2, 3 HAVING count(*) > 1`;

type Row = Omit<Witnessed, 'at'> & { readonly at: Date; readonly txid: string };

/** Follows the log beside the conductor, and keeps what it saw. */
export class Witness {
  readonly chronicle = new Chronicle();
  readonly #db: Database;
  #cursor: { txid: string; pos: number } = { txid: '0', pos: 0 };

  constructor(db: Database) {
    this.#db = db;
  }

  /** What was committed since the last look, oldest first, and whatever lane has two that hold it at this moment. */
  async look(): Promise<Witnessed[]> {
    const rows = await this.#db.rows<Row>(FOLLOW, [this.#cursor.txid, this.#cursor.pos]);
    const last = rows.at(-1);
    if (last !== undefined) this.#cursor = { txid: last.txid, pos: last.pos };
    const doubles = await this.#db.rows<{ what: string; subject: string; lane: string }>(DOUBLES);
    for (const { what, subject, lane } of doubles)
      this.chronicle.faults.push(`stream ${subject}: two live ${what} on lane ${lane}`);
    return this.chronicle.take(rows.map(({ txid: _, at, ...row }) => ({ ...row, at: at.toISOString() })));
  }

  /** Holds everything that was ever seen against what is there now. Answers sentences. */
  async holdAgainstLog(): Promise<string[]> {
    await this.look();
    return [...this.chronicle.faults, ...this.chronicle.compare(await this.#db.rows<StreamDigest>(DIGESTS))];
  }
}
