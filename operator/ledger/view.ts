import { type ChangeRecord, type LedgerPolicy, rolledBackAt, settlesAt } from '#domain';
import type { LedgerResponse } from '#lib/conductor';
import type { Queryable } from '#lib/db';
import { recordsOfPair } from './standings.ts';

/** Changes that one line is explained by at most. */
const EXPLAINED = 500;

interface Row {
  readonly agent: string;
  readonly agent_uid: string;
  readonly task_class: string;
  readonly model: string;
  readonly ceiling: 'T0' | 'T1' | 'T2';
  readonly streak: number;
  readonly cooldown_until: Date | null;
  readonly known: boolean;
  readonly moves: readonly { at: number; from: string; to: string; cause: string; by: string }[];
  readonly verdicts: Readonly<Record<string, string>>;
  readonly computed_at: Date;
}

/**
 * GET …/ledger?agent=&class=&explain=: where each Agent stands in each class of work with each model. With `explain` the changes that it hangs on
 * are there as well, newest first, at most 500 a line.
 */
export async function ledgerView(
  db: Queryable,
  namespace: string,
  query: Readonly<Record<string, string>>,
  policy: LedgerPolicy,
): Promise<LedgerResponse> {
  const { agent = '', class: taskClass = '', explain } = query;
  const { rows } = await db.query<Row>(
    `SELECT l.*, a.agent FROM ledger l JOIN ledger_agents a USING (agent_uid)
     WHERE a.namespace = $1 AND ($2 = '' OR a.agent = $2) AND ($3 = '' OR l.task_class = $3)
     ORDER BY a.agent, l.task_class, l.model, l.agent_uid`,
    [namespace, agent, taskClass],
  );
  const lines: LedgerResponse['lines'] = [];
  for (const row of rows) {
    const changes = explain === undefined ? {} : { changes: await changesOf(db, row, policy) };
    lines.push({ ...lineOf(row), ...changes });
  }
  return { namespace, streak: policy.streak, lines };
}

const moment = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function lineOf(row: Row): LedgerResponse['lines'][number] {
  const { agent, agent_uid: agentUid, task_class: taskClass, model, ceiling, streak, known } = row;
  return {
    agent,
    agentUid,
    taskClass,
    model,
    ceiling,
    streak,
    acknowledged: known,
    cooldownUntil: row.cooldown_until?.toISOString() ?? null,
    moves: row.moves.map(({ at, ...move }) => ({ ...move, at: new Date(at).toISOString() })),
  };
}

async function changesOf(db: Queryable, row: Row, policy: LedgerPolicy) {
  const records = await recordsOfPair(db, { agentUid: row.agent_uid, taskClass: row.task_class });
  return records
    .filter(({ id }) => Object.hasOwn(row.verdicts, id))
    .sort((a, b) => b.change.mergedAt! - a.change.mergedAt!)
    .slice(0, EXPLAINED)
    .map((record) => changeOf(record, row.verdicts[record.id]!, policy));
}

function changeOf({ id, issue, change }: ChangeRecord, verdict: string, policy: LedgerPolicy) {
  return {
    id,
    issue,
    tier: change.measured?.tier ?? null,
    verdict,
    mergedAt: moment(change.mergedAt)!,
    countsAt: moment(settlesAt(change, policy)),
    rolledBackAt: moment(rolledBackAt(change)),
    question: change.question,
  };
}
