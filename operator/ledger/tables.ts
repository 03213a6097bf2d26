import {
  type AgentTrust,
  type ChangeRecord,
  type History,
  type LedgerSubject,
  modelOf,
  noTrust,
  recordsOf,
  settlesAt,
  type TrustKey,
} from '#domain';
import type { Queryable } from '#lib/db';

/** An Agent's work of one class, with whichever models. */
export type Pair = Pick<TrustKey, 'agentUid' | 'taskClass'>;

/** What is known of an Agent besides its changes. */
export interface KnownAgent {
  readonly namespace: string;
  readonly agent: string;
  readonly trust: AgentTrust;
}

/** What the log has told of one Issue. */
export interface Issue {
  readonly subject: LedgerSubject;
  readonly history: History;
}

export async function readHistories(db: Queryable, streams: readonly string[]): Promise<Map<string, History>> {
  const { rows } = await db.query('SELECT stream, history FROM ledger_issues WHERE stream = ANY ($1::uuid[])', [
    streams,
  ]);
  return new Map(rows.map(({ stream, history }) => [stream, history]));
}

export async function readAgents(db: Queryable, uids: readonly string[]): Promise<Map<string, KnownAgent>> {
  const { rows } = await db.query(
    'SELECT agent_uid, namespace, agent, trust FROM ledger_agents WHERE agent_uid = ANY ($1)',
    [uids],
  );
  return new Map(
    rows.map(({ agent_uid, namespace, agent, trust }) => [agent_uid, { namespace, agent, trust: trust ?? noTrust }]),
  );
}

/** Keeps what is known of these issues, and answers the pairs that it may have moved. */
export async function writeIssues(db: Queryable, issues: readonly Issue[]): Promise<Pair[]> {
  if (issues.length === 0) return [];
  const streams = issues.map(({ subject }) => subject.id);
  await db.query(
    `INSERT INTO ledger_issues AS known (stream, namespace, issue, version, history)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::jsonb[])
     ON CONFLICT (stream) DO UPDATE SET issue = excluded.issue, version = excluded.version, history = excluded.history`,
    [
      streams,
      issues.map(({ subject }) => subject.namespace),
      issues.map(({ subject }) => subject.name),
      issues.map(({ history }) => history.version),
      issues.map(({ history }) => JSON.stringify(history)),
    ],
  );
  const before = await db.query(
    'DELETE FROM ledger_changes WHERE stream = ANY ($1::uuid[]) RETURNING agent_uid, task_class',
    [streams],
  );
  const rows = issues.flatMap(({ subject, history }) =>
    recordsOf(subject, history).flatMap((record) => rowsOf(subject.id, record, quietSince(record, history))),
  );
  await db.query(
    `INSERT INTO ledger_changes (stream, ordinal, agent_uid, task_class, record, quiet_since)
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])`,
    [
      rows.map(({ stream }) => stream),
      rows.map(({ record }) => record.change.ordinal),
      rows.map(({ agentUid }) => agentUid),
      rows.map(({ taskClass }) => taskClass),
      rows.map(({ record }) => JSON.stringify(record)),
      rows.map(({ quiet }) => quiet),
    ],
  );
  const met = await writeAnswers(db, issues);
  return [
    ...rows,
    ...before.rows.map(({ agent_uid, task_class }) => ({ agentUid: agent_uid, taskClass: task_class })),
    ...met,
  ];
}

interface Row extends Pair {
  readonly stream: string;
  readonly record: ChangeRecord;
  /** When what is not quiet yet began to be, as {@link quietSince} says. */
  readonly quiet: string | null;
}

function rowsOf(stream: string, record: ChangeRecord, quiet: string | null): Row[] {
  const { change } = record;
  const taskClass = change.measured?.taskClass ?? change.issueClass;
  return taskClass === null
    ? []
    : change.agents.map(({ uid }) => ({ stream, agentUid: uid, taskClass, record, quiet }));
}

/**
 * Since when a change has been live and quiet, for the database; null while it is not. Once work on another change has begun nothing makes one live that
 * is not.
 */
function quietSince({ change }: ChangeRecord, { changes }: History): string | null {
  const since = settlesAt(change, { settle: 0 });
  if (since !== null) return new Date(since).toISOString();
  return change.ordinal === changes.length ? null : '-infinity';
}

/** Which model was first decides of all of an Agent's pairs: those of an Agent that met a new one are answered. */
async function writeAnswers(db: Queryable, issues: readonly Issue[]): Promise<Pair[]> {
  const answers = issues.flatMap(({ subject, history }) =>
    Object.values(history.answers).map(({ agent, model, at }) => ({ subject, agent, model: modelOf(model), at })),
  );
  if (answers.length === 0) return [];
  const uids = answers.map(({ agent }) => agent.uid);
  await db.query(
    `INSERT INTO ledger_agents (agent_uid, namespace, agent)
     SELECT DISTINCT ON (uid) * FROM unnest($1::text[], $2::text[], $3::text[]) AS met (uid, namespace, name)
     ON CONFLICT (agent_uid) DO NOTHING`,
    [uids, answers.map(({ subject }) => subject.namespace), answers.map(({ agent }) => agent.name)],
  );
  const { rows } = await db.query(
    `WITH met AS (
       INSERT INTO ledger_answers AS known (stream, agent_uid, model, at)
       SELECT stream, uid, model, min(at) FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS t (stream, uid, model, at)
       GROUP BY 1, 2, 3
       ON CONFLICT (stream, agent_uid, model) DO NOTHING RETURNING agent_uid, model, stream, at)
     SELECT DISTINCT d.agent_uid, d.task_class FROM ledger d JOIN met USING (agent_uid)
     WHERE NOT EXISTS (SELECT FROM ledger_answers a
       WHERE a.agent_uid = met.agent_uid AND a.model = met.model AND a.at <= met.at AND a.stream <> met.stream)`,
    [
      answers.map(({ subject }) => subject.id),
      uids,
      answers.map(({ model }) => model),
      answers.map(({ at }) => new Date(at)),
    ],
  );
  return rows.map(({ agent_uid, task_class }) => ({ agentUid: agent_uid, taskClass: task_class }));
}

/** Keeps what is known of an Agent, and answers the pairs that it may have moved. */
export async function writeAgent(db: Queryable, uid: string, { namespace, agent, trust }: KnownAgent): Promise<Pair[]> {
  await db.query(
    `INSERT INTO ledger_agents (agent_uid, namespace, agent, trust) VALUES ($1, $2, $3, $4)
     ON CONFLICT (agent_uid) DO UPDATE SET agent = excluded.agent, trust = excluded.trust`,
    [uid, namespace, agent, JSON.stringify(trust)],
  );
  const { rows } = await db.query('SELECT DISTINCT task_class FROM ledger WHERE agent_uid = $1', [uid]);
  const classes = new Set([
    ...rows.map(({ task_class }) => task_class),
    ...trust.grants.map(({ taskClass }) => taskClass),
  ]);
  return [...classes].map((taskClass) => ({ agentUid: uid, taskClass }));
}

/** What these Agents are called; those of which something is known. */
export async function agentNames(
  db: Queryable,
  uids: readonly string[],
): Promise<{ readonly namespace: string; readonly name: string }[]> {
  const { rows } = await db.query('SELECT namespace, agent AS name FROM ledger_agents WHERE agent_uid = ANY ($1)', [
    uids,
  ]);
  return rows;
}

/** Keeps that the database was recovered; every pair is looked at again. */
export async function writeRecovery(db: Queryable, recovery: string, at: number): Promise<void> {
  await db.query(
    `INSERT INTO ledger_recoveries AS known (recovery, at) VALUES ($1, $2)
     ON CONFLICT (recovery) DO UPDATE SET at = least(known.at, excluded.at)`,
    [recovery, new Date(at)],
  );
  await markEveryPairDue(db);
}

/** Has every pair looked at again at once. */
export async function markEveryPairDue(db: Queryable): Promise<void> {
  await db.query(
    `INSERT INTO ledger_due (agent_uid, task_class, due_at) SELECT DISTINCT agent_uid, task_class, 'epoch'::timestamptz FROM ledger
     ON CONFLICT (agent_uid, task_class) DO UPDATE SET due_at = excluded.due_at`,
  );
}

/** Has every pair of an Agent to which something was granted looked at again at once. */
export async function markGrantedDue(db: Queryable): Promise<void> {
  await db.query(
    `INSERT INTO ledger_due (agent_uid, task_class, due_at)
     SELECT DISTINCT agent_uid, task_class, 'epoch'::timestamptz FROM ledger JOIN ledger_agents a USING (agent_uid)
     WHERE jsonb_array_length(coalesce(a.trust->'grants', '[]')) > 0
     ON CONFLICT (agent_uid, task_class) DO UPDATE SET due_at = excluded.due_at`,
  );
}

/** Has these looked at again at once. */
export async function markDue(db: Queryable, pairs: readonly Pair[]): Promise<void> {
  if (pairs.length === 0) return;
  await db.query(
    `INSERT INTO ledger_due (agent_uid, task_class, due_at)
     SELECT DISTINCT uid, class, 'epoch'::timestamptz FROM unnest($1::text[], $2::text[]) AS pair (uid, class)
     ON CONFLICT (agent_uid, task_class) DO UPDATE SET due_at = excluded.due_at`,
    [pairs.map(({ agentUid }) => agentUid), pairs.map(({ taskClass }) => taskClass)],
  );
}
