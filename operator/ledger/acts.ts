import { type Agent, type AgentStatus, annotations } from '#crds';
import {
  type AgentAct,
  type ChangeAct,
  type DomainEvent,
  decideAgentAct,
  decideChangeAct,
  evolveHistory,
  type LedgerEvent,
  noHistory,
  type Tier,
} from '#domain';
import type { EventStore } from '#lib/events';
import { cutText, legible } from '#lib/kube';
import type { Cause, IssueLog } from '../store/log.ts';
import { tellAgent } from './service.ts';

/** What became of what a person said last of an Agent. */
type Answer = NonNullable<AgentStatus['trust']>;

/** What a person said of an Agent, or of the change that an Issue got merged last. */
type Said =
  | { readonly about: 'agent'; readonly act: AgentAct }
  | { readonly about: 'change'; readonly issue: string; readonly act: ChangeAct }
  | { readonly about: 'nothing'; readonly id: string; readonly why: string };

const SAID_MAX = 8_192;
const ID = /^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/;
const CLASS = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * What stands on an Agent for the conductor to record; null where nothing does. That it was the person whom it names is the API server's to know: its
 * policy `rig-agent-trust` lets nobody write another's name, and no ServiceAccount any.
 */
export function saidOf({ metadata }: Pick<Agent, 'metadata'>): Said | null {
  const text = metadata.annotations?.[annotations.trust] ?? '';
  const by = cutText(legible(metadata.annotations?.[annotations.trustBy] ?? ''), 1_024);
  if (text === '' || by === '') return null;
  const nothing = (why: string, id = 'unreadable'): Said => ({ about: 'nothing', id, why });
  const said = text.length > SAID_MAX ? null : parsed(text);
  if (said === null)
    return nothing('What is said of its trust is no JSON object of at most 8192 characters: run rig trust.');
  const id = word(said.id);
  if (!ID.test(id))
    return nothing('What is said of its trust has no id of 8 to 64 letters, digits and dashes: run rig trust.');
  const note = cutText(legible(word(said.note)), 1_024);
  const act = { id, by, note: note === '' ? null : note };
  const model = cutText(word(said.model), 128);
  switch (said.do) {
    case 'ack':
      return model === '' ? nothing('No model is named.', id) : { about: 'agent', act: { ...act, do: 'ack', model } };
    case 'grant': {
      const { taskClass, tier } = said;
      if (model === '') return nothing('No model is named.', id);
      if (!CLASS.test(word(taskClass))) return nothing('No class of work is named.', id);
      if (!/^T[0-3]$/.test(word(tier))) return nothing('No tier is named.', id);
      return { about: 'agent', act: { ...act, do: 'grant', model, taskClass: word(taskClass), tier: tier as Tier } };
    }
    case 'fault':
    case 'clear':
      return { about: 'change', issue: word(said.issue), act: { ...act, do: said.do } };
    default:
      return nothing('It says none of ack, grant, fault and clear.', id);
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What an act is recorded with. */
export interface Acts {
  readonly log: IssueLog;
  readonly store: EventStore;
}

/**
 * Records what a person said of an Agent, and answers what became of it; what was answered already as it was. Harmless to repeat: an act is in the
 * log once, by its id.
 */
export async function takeAct(acts: Acts, agent: Agent): Promise<Answer | null> {
  const said = saidOf(agent);
  const before = agent.status?.trust ?? null;
  if (said === null) return before;
  const id = said.about === 'nothing' ? said.id : said.act.id;
  if (before?.act === id) return before;
  const refusal =
    said.about === 'nothing'
      ? said.why
      : said.about === 'agent'
        ? await ofAgent(acts, agent, said.act)
        : await ofChange(acts, agent, said);
  return refusal === null
    ? { act: id, taken: true, message: 'It is recorded.' }
    : { act: id, taken: false, message: cutText(refusal, 512) };
}

const causeOf = (act: { by: string; id: string }): Cause => ({
  actor: { kind: 'person', name: act.by },
  causation: { kind: 'request', id: act.id },
});

async function ofAgent({ log, store }: Acts, { metadata }: Agent, act: AgentAct): Promise<string | null> {
  let refusal: string | null = null;
  const subject = { namespace: metadata.namespace!, name: metadata.name!, uid: metadata.uid! };
  await tellAgent({ pool: log.pool, store }, subject, causeOf(act), (trust) => {
    const decision = decideAgentAct(trust, act);
    refusal = decision.taken ? null : decision.message;
    return decision.taken ? decision.events : [];
  });
  return refusal;
}

async function ofChange(
  { log, store }: Acts,
  { metadata }: Agent,
  { issue, act }: Extract<Said, { about: 'change' }>,
): Promise<string | null> {
  const { rows } = await log.pool.query(
    `SELECT id, namespace, name FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 ORDER BY created_at DESC LIMIT 1`,
    [metadata.namespace, issue],
  );
  if (rows[0] === undefined) return `No Issue ${cutText(legible(issue), 253)} has ever been in ${metadata.namespace}.`;
  const { value } = await log.record(
    rows[0],
    causeOf(act),
    async (): Promise<{ events: readonly DomainEvent[]; value: string | null }> => {
      const told = (await store.read(rows[0].id)) as unknown as LedgerEvent[];
      const decision = decideChangeAct(told.reduce(evolveHistory, noHistory), act);
      return decision.taken ? { events: decision.events, value: null } : { events: [], value: decision.message };
    },
  );
  return value;
}
