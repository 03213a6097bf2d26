import {
  type EventType,
  evolveHistory,
  evolveTrust,
  type LedgerSubject,
  noHistory,
  noTrust,
  type StoredEvent,
} from '#domain';
import { type Pool, type Queryable, transaction } from '#lib/db';
import type { EventStore, StoredEvent as LogEvent } from '#lib/events';
import { askedIn, writeAsked } from './answers.ts';
import {
  type Issue,
  type KnownAgent,
  markDue,
  readAgents,
  readHistories,
  writeAgent,
  writeIssues,
  writeRecovery,
} from './tables.ts';

/** Types of which the ledger takes anything. */
export const LEDGER_TYPES: readonly EventType[] = [
  'ISSUE_FILED',
  'ISSUE_EDITED',
  'ISSUE_REOPENED',
  'ISSUE_CLASSIFIED',
  'ISSUE_ASSIGNED',
  'ISSUE_DONE',
  'TASK_DISPATCHED',
  'TOKENS_USED',
  'WORK_CONTINUED',
  'HEAD_FORWARDED',
  'PR_UPDATED',
  'REVIEW_DISPUTED',
  'MERGED',
  'APPROVAL_USED',
  'DEPLOYED_PRODUCTION',
  'CANARY_ABORTED',
  'SLO_BUDGET_DEPLETED',
  'ROLLED_BACK',
  'SMOKE_FAILED',
  'E2E_FAILED',
  'A11Y_FAILED',
  'HUMAN_GATE_TRIGGERED',
  'RECOVERED',
  'CHANGE_MEASURED',
  'CHANGE_REVERTED',
  'REVERT_QUESTIONED',
  'TRUST_FAULTED',
  'TRUST_CLEARED',
  'TRUST_PROMOTED',
  'TRUST_DEMOTED',
  'TRUST_RESET',
  'TRUST_ACKNOWLEDGED',
  'TRUST_GRANTED',
];

const TAIL = 'ledger';
const BATCH = 2_000;

/** The ledger's tables as they follow the log. Two processes at once do no harm: one of them finds the cursor moved, and looks again. */
export class LedgerProjection {
  readonly #pool: Pool;
  readonly #store: EventStore;

  constructor(pool: Pool, store: EventStore) {
    this.#pool = pool;
    this.#store = store;
  }

  /** Applies everything that is settled; returns how many events that covered. Throws for an event that this release cannot read. */
  async catchUp(signal?: AbortSignal): Promise<number> {
    let total = 0;
    for (;;) {
      signal?.throwIfAborted();
      const taken = await this.#step();
      if (taken === null) return total;
      total += taken;
    }
  }

  /** One batch; null where there is none. */
  async #step(): Promise<number | null> {
    const cursor = await this.#cursor();
    const batch = await this.#store.readAll({ afterCursor: cursor, limit: BATCH, types: LEDGER_TYPES });
    if (batch.end) return null;
    const subjects = await this.#subjects(batch.events);
    await transaction(this.#pool, async (tx) => {
      const { rowCount } = await tx.query(
        'UPDATE tails SET txid = $4::xid8, pos = $5, moved_at = now() WHERE name = $1 AND txid = $2::xid8 AND pos = $3',
        [TAIL, String(cursor.txid), cursor.pos, String(batch.cursor.txid), batch.cursor.pos],
      );
      if (rowCount === 0) return;
      const streams = Map.groupBy(batch.events, ({ stream }) => stream);
      const known = await readHistories(tx, [...streams.keys()]);
      const issues: Issue[] = [];
      const asked: Parameters<typeof writeAsked>[1][number][] = [];
      for (const [id, events] of streams) {
        const subject = subjects.get(id);
        if (subject?.kind !== 'Issue') continue;
        const history = events.map(told).reduce(evolveHistory, known.get(id) ?? noHistory);
        issues.push({ subject, history });
        asked.push(...askedIn(history, events));
      }
      const moved = await writeIssues(tx, issues);
      await writeAsked(tx, asked);
      for (const [uid, agent] of await this.#agents(tx, streams, subjects))
        moved.push(...(await writeAgent(tx, uid, agent)));
      await markDue(tx, moved);
      for (const { type, data, at } of batch.events)
        if (type === 'RECOVERED') await writeRecovery(tx, (data as { recovery: string }).recovery, at);
    });
    return batch.events.length;
  }

  async #agents(
    db: Queryable,
    streams: ReadonlyMap<string, readonly LogEvent[]>,
    subjects: ReadonlyMap<string, LedgerSubject>,
  ): Promise<Map<string, KnownAgent>> {
    const spoken = [...streams].flatMap(([id, events]) => {
      const subject = subjects.get(id);
      return subject?.kind === 'Agent' && subject.uid !== null ? [{ subject, uid: subject.uid, events }] : [];
    });
    if (spoken.length === 0) return new Map();
    const known = await readAgents(
      db,
      spoken.map(({ uid }) => uid),
    );
    return new Map(
      spoken.map(({ subject, uid, events }) => {
        const trust = events.map(told).reduce(evolveTrust, known.get(uid)?.trust ?? noTrust);
        return [uid, { namespace: subject.namespace, agent: subject.name, trust }];
      }),
    );
  }

  async #subjects(events: readonly LogEvent[]): Promise<Map<string, LedgerSubject>> {
    const { rows } = await this.#pool.query(
      'SELECT id, kind, namespace, name, uid FROM subjects WHERE id = ANY ($1::uuid[])',
      [[...new Set(events.map(({ stream }) => stream))]],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  async #cursor(): Promise<{ txid: bigint; pos: number }> {
    const read = () => this.#pool.query('SELECT txid, pos FROM tails WHERE name = $1', [TAIL]);
    const { rows } = await read();
    if (rows[0] !== undefined) return rows[0];
    await this.#pool.query("INSERT INTO tails (name, txid, pos) VALUES ($1, '0', 0) ON CONFLICT DO NOTHING", [TAIL]);
    return (await read()).rows[0];
  }
}

function told({ type, data, version, at }: LogEvent): StoredEvent {
  return { type, data, version, at } as StoredEvent;
}
