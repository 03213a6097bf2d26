import {
  type AgentTrust,
  type ChangeRecord,
  type Grounds,
  groundsFor,
  type LedgerPolicy,
  modelsOf,
  noTrust,
  type Standing,
  standingOf,
  type TrustKey,
} from '#domain';
import { type Pool, type Queryable, transaction } from '#lib/db';
import { type GrantView, weigh } from './grants.ts';
import type { Pair } from './tables.ts';

/** Where one pair stands with one model, and on what. */
export interface Line extends TrustKey {
  readonly namespace: string;
  readonly agent: string;
  readonly standing: Standing;
  readonly knownSince: number | null;
  /** Why a grant of it does not hold; null where all do. */
  readonly fallen: string | null;
}

/** What lines are computed with. */
export interface Terms {
  readonly policy: LedgerPolicy;
  readonly grants: GrantView;
  /** In ms. */
  readonly now: number;
}

/** What the tables hold of an Agent. */
interface Held {
  readonly namespace: string;
  readonly agent: string;
  readonly trust: AgentTrust;
  readonly answered: Readonly<Record<string, number>>;
}

const AT_A_TIME = 100;

/** Pairs whose moment has come, the longest due first; a bounded number. */
export async function duePairs(db: Queryable, now: number): Promise<Pair[]> {
  const { rows } = await db.query(
    `SELECT agent_uid AS "agentUid", task_class AS "taskClass" FROM ledger_due WHERE due_at <= $1 ORDER BY due_at LIMIT ${AT_A_TIME}`,
    [new Date(now)],
  );
  return rows;
}

/** Computes a pair anew, with every model, and keeps it; answers its lines. What the log tells meanwhile is not lost: it makes the pair due again. */
export async function settlePair(pool: Pool, pair: Pair, terms: Terms): Promise<Line[]> {
  return transaction(pool, async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('ledger/' || $1 || '/' || $2, 0))", [
      pair.agentUid,
      pair.taskClass,
    ]);
    // Before anything is read: whoever makes it due from here on does so behind this.
    await tx.query('DELETE FROM ledger_due WHERE agent_uid = $1 AND task_class = $2', [pair.agentUid, pair.taskClass]);
    const lines = await linesOf(tx, pair, terms);
    await tx.query('DELETE FROM ledger WHERE agent_uid = $1 AND task_class = $2', [pair.agentUid, pair.taskClass]);
    await writeLines(tx, lines, terms.now);
    const due = lines.map(({ standing }) => standing.dueAt).filter((at) => at !== null);
    if (due.length > 0)
      await tx.query(
        `INSERT INTO ledger_due AS known (agent_uid, task_class, due_at) VALUES ($1, $2, $3)
         ON CONFLICT (agent_uid, task_class) DO UPDATE SET due_at = least(known.due_at, excluded.due_at)`,
        [pair.agentUid, pair.taskClass, new Date(Math.min(...due))],
      );
    return lines;
  });
}

/** Where a pair stands with every model that it ever had, out of the changes. */
async function linesOf(db: Queryable, pair: Pair, { policy, grants, now }: Terms): Promise<Line[]> {
  const held = await readHeld(db, pair.agentUid);
  if (held === null) return [];
  const records = await recordsOfPair(db, pair);
  const recoveries = await db.query('SELECT at FROM ledger_recoveries');
  const moments = recoveries.rows.map(({ at }) => at.getTime());
  const { namespace, agent, trust, answered } = held;
  const told = trust.grants.filter(({ taskClass }) => taskClass === pair.taskClass);
  const models = new Set([...records.flatMap(({ change }) => modelsOf(change)), ...told.map(({ model }) => model)]);
  return [...models].sort().map((model) => {
    const key = { ...pair, model };
    const weighed = told
      .filter((one) => one.model === model)
      .map((one) => weigh(grants, { namespace, uid: pair.agentUid }, one));
    const holding = weighed.filter((one) => typeof one !== 'string');
    const { acknowledged } = trust;
    const grounds: Grounds = groundsFor(key, { grants: holding, acknowledged }, answered, moments);
    return {
      ...key,
      namespace,
      agent,
      standing: standingOf(key, records, grounds, policy, now),
      knownSince: grounds.knownSince,
      fallen: weighed.find((one) => typeof one === 'string') ?? null,
    };
  });
}

/** The merged changes of a pair. */
export async function recordsOfPair(db: Queryable, { agentUid, taskClass }: Pair): Promise<ChangeRecord[]> {
  const { rows } = await db.query('SELECT record FROM ledger_changes WHERE agent_uid = $1 AND task_class = $2', [
    agentUid,
    taskClass,
  ]);
  return rows.map(({ record }) => record);
}

async function readHeld(db: Queryable, agentUid: string): Promise<Held | null> {
  const { rows } = await db.query(
    `SELECT namespace, agent, trust, (SELECT jsonb_object_agg(model, (extract(epoch FROM at) * 1000)::bigint) FROM
       (SELECT model, min(at) AS at FROM ledger_answers WHERE agent_uid = $1 GROUP BY model) AS first) AS answered
     FROM ledger_agents WHERE agent_uid = $1`,
    [agentUid],
  );
  const [row] = rows;
  if (row === undefined) return null;
  return { namespace: row.namespace, agent: row.agent, trust: row.trust ?? noTrust, answered: row.answered ?? {} };
}

async function writeLines(db: Queryable, lines: readonly Line[], now: number): Promise<void> {
  for (const { agentUid, taskClass, model, standing, knownSince } of lines) {
    const { ceiling, streak, cooldownUntil, moves, verdicts } = standing;
    await db.query(
      `INSERT INTO ledger (agent_uid, task_class, model, ceiling, streak, cooldown_until, known, moves, verdicts, computed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        agentUid,
        taskClass,
        model,
        ceiling,
        streak,
        cooldownUntil === null ? null : new Date(cooldownUntil),
        knownSince !== null && knownSince <= now,
        JSON.stringify(moves),
        JSON.stringify(Object.fromEntries(verdicts)),
        new Date(now),
      ],
    );
  }
}

/** When each model answered first for an Agent, by model; in ms. */
export async function answeredOf(db: Queryable, agentUid: string): Promise<Readonly<Record<string, number>>> {
  return (await readHeld(db, agentUid))?.answered ?? {};
}
