import type { Agent, AgentStatus } from '#crds';
import {
  type AgentAct,
  type DomainEvent,
  decideAgentAct,
  decideChangeAct,
  evolveHistory,
  type History,
  noHistory,
  type StoredEvent,
} from '#domain';
import type { EventStore } from '#lib/events';
import { cutText, legible } from '#lib/kube';
import type { Cause, IssueLog } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import type { GrantView } from './grants.ts';
import { type Said, saidOf } from './said.ts';
import { tellAgent } from './service.ts';

/** What became of what a person said last of an Agent. */
type Answer = NonNullable<AgentStatus['trust']>;

/** What an act is recorded with. */
export interface Acts {
  readonly log: IssueLog;
  readonly store: EventStore;
  /** What signed grants are worth now. */
  readonly grants: () => Promise<GrantView>;
  readonly now: () => number;
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
  const refusal = await refusalOf(acts, agent, said);
  return refusal === null
    ? { act: id, taken: true, message: 'It is recorded.' }
    : { act: id, taken: false, message: cutText(refusal, 512) };
}

async function refusalOf(acts: Acts, agent: Agent, said: Said): Promise<string | null> {
  switch (said.about) {
    case 'nothing':
      return said.why;
    case 'model':
      return ofAgent(acts, agent, { ...said.act, do: 'ack', model: said.model });
    case 'grant': {
      const { namespace, uid } = agent.metadata as { namespace: string; uid: string };
      const grant = (await acts.grants()).judge({ namespace, uid }, said.bundle);
      if (!grant.holds) return grant.message;
      return ofAgent(acts, agent, { ...said.act, do: 'grant', grant, bundle: said.bundle });
    }
    case 'change':
      return ofChange(acts, agent.metadata.namespace!, said);
  }
}

const causeOf = (act: { by: string; id: string }): Cause => ({
  actor: { kind: 'person', name: act.by },
  causation: { kind: 'request', id: act.id },
});

async function ofAgent({ log, store, now }: Acts, { metadata }: Agent, act: AgentAct): Promise<string | null> {
  let refusal: string | null = null;
  const subject = { namespace: metadata.namespace!, name: metadata.name!, uid: metadata.uid! };
  await tellAgent({ pool: log.pool, store }, subject, causeOf(act), (trust) => {
    const decision = decideAgentAct(trust, act, now());
    refusal = decision.taken ? null : decision.message;
    return decision.taken ? decision.events : [];
  });
  return refusal;
}

type OfChange = Omit<Extract<Said, { about: 'change' }>, 'about'>;

async function ofChange(acts: Acts, namespace: string, { issue, act }: OfChange): Promise<string | null> {
  const { log, store } = acts;
  const subject = await meant(acts, namespace, { issue, act });
  if (subject === undefined) return `No Issue ${cutText(legible(issue), 253)} has ever been in ${namespace}.`;
  const { value } = await log.record(
    subject,
    causeOf(act),
    async (): Promise<{ events: readonly DomainEvent[]; value: string | null }> => {
      const decision = decideChangeAct(await historyOf(store, subject), act);
      return decision.taken ? { events: decision.events, value: null } : { events: [], value: decision.message };
    },
  );
  return value;
}

/** Issues of one name that are looked at: there is more than one where it was deleted and made again. */
const NAMESAKES = 20;

/** Of all Issues that ever had this name the one with the change that is meant, else the newest. */
async function meant(
  { log, store }: Acts,
  namespace: string,
  { issue, act }: OfChange,
): Promise<SubjectName | undefined> {
  const { rows } = await log.pool.query<SubjectName>(
    `SELECT id, namespace, name FROM subjects WHERE kind = 'Issue' AND namespace = $1 AND name = $2 ORDER BY created_at DESC LIMIT ${NAMESAKES}`,
    [namespace, issue],
  );
  if (rows.length < 2) return rows[0];
  for (const row of rows) {
    const { changes } = await historyOf(store, row);
    const has = changes.some(({ mergeSHA, question }) =>
      act.mergeSHA === null ? question !== null : mergeSHA?.startsWith(act.mergeSHA),
    );
    if (has) return row;
  }
  return rows[0];
}

async function historyOf(store: EventStore, { id }: Pick<SubjectName, 'id'>): Promise<History> {
  return ((await store.read(id)) as unknown as StoredEvent[]).reduce(evolveHistory, noHistory);
}
