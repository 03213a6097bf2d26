import { type Static, Type } from 'typebox';
import { read } from './read.ts';
import type { ReaderOptions } from './reader.ts';

const text = Type.String();
const ceiling = Type.Union([Type.Literal('T0'), Type.Literal('T1'), Type.Literal('T2')]);
const maybe = Type.Union([text, Type.Null()]);

const change = Type.Object({
  id: text,
  issue: text,
  /** Of its diff; null while that was not read. */
  tier: maybe,
  /** A reason: why it counts, or why not. */
  verdict: text,
  mergedAt: text,
  countsAt: maybe,
  rolledBackAt: maybe,
  question: maybe,
});

const line = Type.Object({
  agent: text,
  agentUid: text,
  taskClass: text,
  model: text,
  ceiling,
  /** Successes that count towards the next tier. */
  streak: Type.Integer({ minimum: 0 }),
  /** False while a person has yet to acknowledge the model. */
  acknowledged: Type.Boolean(),
  cooldownUntil: maybe,
  moves: Type.Array(Type.Object({ at: text, from: text, to: text, cause: text, by: text })),
  changes: Type.Optional(Type.Array(change)),
});

/** Where each Agent of a namespace stands in each class of work with each model; moments in RFC 3339. */
export const LedgerResponse = Type.Object({
  namespace: text,
  /** Consecutive successes that a step up takes. */
  streak: Type.Integer({ minimum: 1 }),
  lines: Type.Array(line),
});
export type LedgerResponse = Static<typeof LedgerResponse>;

export interface LedgerQuery {
  readonly agent?: string | undefined;
  readonly class?: string | undefined;
  /** With the changes that each line hangs on. */
  readonly explain?: boolean | undefined;
}

/** The trust ledger of a namespace. Throws ConductorError; `Unavailable` may be tried again. */
export async function readLedger(reader: ReaderOptions, query: LedgerQuery = {}): Promise<LedgerResponse> {
  const { agent, class: taskClass, explain } = query;
  const asked = { agent, class: taskClass, explain: explain === true ? 'true' : undefined };
  const response = await read(reader, { path: 'ledger', query: asked });
  return (await response.json()) as LedgerResponse;
}
