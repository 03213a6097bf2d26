import { type History, modelOf } from '#domain';
import type { Queryable } from '#lib/db';
import type { StoredEvent as LogEvent } from '#lib/events';

/** What was answered last by model asked for, as the ledger names it. */
export type Answered = ReadonlyMap<string, string>;

/** What answered when an Agent's task asked for a model. */
interface Asked {
  readonly agentUid: string;
  readonly asked: string;
  readonly model: string;
  /** In ms. */
  readonly at: number;
}

/** What events of an Issue say of that; nothing where they do not say what was asked for. */
export function askedIn({ tasks }: History, events: readonly LogEvent[]): Asked[] {
  return events.flatMap(({ type, data, at }) => {
    if (type !== 'TOKENS_USED') return [];
    const { task, asked, model } = data as { task: string; asked?: string; model: string };
    const agent = Object.hasOwn(tasks, task) ? tasks[task]!.agent : undefined;
    return agent === undefined || asked === undefined
      ? []
      : [{ agentUid: agent.uid, asked, model: modelOf(model), at }];
  });
}

/** Keeps what answered last, whichever comes first; harmless to repeat. */
export async function writeAsked(db: Queryable, answers: readonly Asked[]): Promise<void> {
  if (answers.length === 0) return;
  await db.query(
    `INSERT INTO ledger_asked AS known (agent_uid, asked, model, at)
     SELECT DISTINCT ON (uid, asked) uid, asked, model, at
     FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS t (uid, asked, model, at) ORDER BY uid, asked, at DESC, model DESC
     ON CONFLICT (agent_uid, asked) DO UPDATE SET model = excluded.model, at = excluded.at
     WHERE (known.at, known.model) < (excluded.at, excluded.model)`,
    [
      answers.map(({ agentUid }) => agentUid),
      answers.map(({ asked }) => asked),
      answers.map(({ model }) => model),
      answers.map(({ at }) => new Date(at)),
    ],
  );
}

/** What answered last, by Agent and by what was asked for; of one Agent, or of all. */
export async function readAnswers(db: Queryable, agentUid: string | null = null): Promise<Map<string, Answered>> {
  const { rows } = await db.query<{ uid: string; asked: string; model: string }>(
    'SELECT agent_uid AS uid, asked, model FROM ledger_asked WHERE $1::text IS NULL OR agent_uid = $1 ORDER BY 1, 2',
    [agentUid],
  );
  return new Map(
    [...Map.groupBy(rows, ({ uid }) => uid)].map(([uid, own]) => [
      uid,
      new Map(own.map(({ asked, model }) => [asked, model])),
    ]),
  );
}
