import type { StoredEvent } from '../events/catalogue.ts';
import { evolveHistory, type History, noHistory } from './change.ts';
import { noGrant, type WeighGrant } from './grant.ts';
import { modelOf } from './model.ts';
import type { LedgerPolicy } from './policy.ts';
import { type ChangeRecord, classOf, modelsOf, type Standing, standingOf, type TrustKey } from './standing.ts';
import { type AgentTrust, evolveTrust, groundsFor, noTrust } from './trust.ts';

/** The stream that an event is of, and what it is about. */
export interface LedgerSubject {
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Uid of the object; an Agent's is what its trust is kept by. */
  readonly uid: string | null;
}

/** One line of the ledger: where an Agent stands in a class of work with one model. */
export interface LedgerRow extends TrustKey {
  readonly namespace: string;
  readonly agent: string;
  readonly standing: Standing;
}

/** The changes of an Issue that were merged, as the ledger keeps them. */
export function recordsOf({ id, name }: Pick<LedgerSubject, 'id' | 'name'>, history: History): ChangeRecord[] {
  const { byAgent, parent, changes } = history;
  return changes
    .filter(({ mergedAt }) => mergedAt !== null)
    .map((change) => ({ id: `${id}/${change.ordinal}`, issue: name, byAgent, parent, change }));
}

/** The pairs that a change is of: none where it is not known which model, or which class. */
export function pairsOf({ change }: ChangeRecord): TrustKey[] {
  const taskClass = classOf(change);
  if (taskClass === null) return [];
  return change.agents.flatMap(({ uid }) => modelsOf(change).map((model) => ({ agentUid: uid, taskClass, model })));
}

interface Known {
  namespace: string;
  name: string;
  trust: AgentTrust;
}

/** What all streams say together. */
interface Read {
  readonly records: Map<string, ChangeRecord[]>;
  readonly answered: Map<string, Record<string, number>>;
  readonly agents: Map<string, { namespace: string; agent: string }>;
  readonly keys: Map<string, TrustKey>;
}

function keep({ keys }: Read, key: TrustKey): void {
  keys.set(`${key.agentUid}/${key.taskClass}/${key.model}`, key);
}

function readIssue(read: Read, subject: LedgerSubject, history: History): void {
  const { records, answered, agents } = read;
  const { namespace } = subject;
  for (const { agent, model: id, at } of Object.values(history.answers)) {
    const known = answered.get(agent.uid) ?? {};
    const model = modelOf(id);
    known[model] = Math.min(known[model] ?? at, at);
    answered.set(agent.uid, known);
    agents.set(agent.uid, { namespace, agent: agent.name });
  }
  for (const record of recordsOf(subject, history)) {
    for (const key of pairsOf(record)) keep(read, key);
    for (const { uid, name } of record.change.agents) {
      agents.set(uid, { namespace, agent: name });
      const own = records.get(uid) ?? [];
      own.push(record);
      records.set(uid, own);
    }
  }
}

/**
 * The whole ledger out of the log, one event at a time, in whatever order the streams are read: inside each, versions follow each other. Answers
 * the same rows for the same events.
 */
export class Ledger {
  readonly #weigh: WeighGrant;
  readonly #issues = new Map<string, { readonly subject: LedgerSubject; readonly history: History }>();
  readonly #agents = new Map<string, Known>();
  readonly #recoveries = new Map<string, number>();
  #known: Read | null = null;

  /** `weigh` says what the grants in the log are worth; without it none holds. */
  constructor(weigh: WeighGrant = noGrant) {
    this.#weigh = weigh;
  }

  apply(subject: LedgerSubject, event: StoredEvent): void {
    this.#known = null;
    if (subject.kind === 'Agent') this.#applyToAgent(subject, event);
    if (subject.kind !== 'Issue') return;
    if (event.type === 'RECOVERED') this.#recovered(event.data.recovery, event.at);
    const history = evolveHistory(this.#issues.get(subject.id)?.history ?? noHistory, event);
    this.#issues.set(subject.id, { subject, history });
  }

  /** Takes in what is known of an Issue whose events are no longer in the log. */
  restore(subject: LedgerSubject, history: History): void {
    this.#known = null;
    if (!this.#issues.has(subject.id)) this.#issues.set(subject.id, { subject, history });
  }

  history(stream: string): History {
    return this.#issues.get(stream)?.history ?? noHistory;
  }

  trust(agentUid: string): AgentTrust {
    return this.#agents.get(agentUid)?.trust ?? noTrust;
  }

  /** Every line there is at `now` (ms), sorted by Agent, class and model. */
  rows(policy: LedgerPolicy, now: number): LedgerRow[] {
    const read = this.#read();
    return [...read.keys.values()].sort(byKey).map((key) => ({
      ...read.agents.get(key.agentUid)!,
      ...key,
      standing: this.#standing(read, key, policy, now),
    }));
  }

  /** Where one pair stands at `now` (ms), whether or not there is a line of it. */
  line(key: TrustKey, policy: LedgerPolicy, now: number): Standing {
    return this.#standing(this.#read(), key, policy, now);
  }

  #standing({ records, answered }: Read, key: TrustKey, policy: LedgerPolicy, now: number): Standing {
    const { agentUid } = key;
    const recoveries = [...this.#recoveries.values()];
    const { grants: told, acknowledged } = this.trust(agentUid);
    const agent = { namespace: this.#agents.get(agentUid)?.namespace ?? '', uid: agentUid };
    const grants = told.flatMap((one) => this.#weigh(agent, one) ?? []);
    const grounds = groundsFor(key, { grants, acknowledged }, answered.get(agentUid) ?? {}, recoveries);
    return standingOf(key, records.get(agentUid) ?? [], grounds, policy, now);
  }

  /** What all streams say together, by Agent; kept until the next event. */
  #read(): Read {
    if (this.#known !== null) return this.#known;
    const read: Read = { records: new Map(), answered: new Map(), agents: new Map(), keys: new Map() };
    for (const { subject, history } of this.#issues.values()) readIssue(read, subject, history);
    for (const [agentUid, { namespace, name, trust }] of this.#agents) {
      read.agents.set(agentUid, { namespace, agent: name });
      for (const { taskClass, model } of trust.grants) keep(read, { agentUid, taskClass, model });
    }
    this.#known = read;
    return read;
  }

  #applyToAgent({ uid, namespace, name }: LedgerSubject, event: StoredEvent): void {
    if (uid === null) return;
    const trust = evolveTrust(this.#agents.get(uid)?.trust ?? noTrust, event);
    this.#agents.set(uid, { namespace, name, trust });
  }

  #recovered(recovery: string, at: number): void {
    this.#recoveries.set(recovery, Math.min(this.#recoveries.get(recovery) ?? at, at));
  }
}

function byKey(a: TrustKey, b: TrustKey): number {
  const text = ({ agentUid, taskClass, model }: TrustKey) => `${agentUid}\u0000${taskClass}\u0000${model}`;
  return text(a) < text(b) ? -1 : 1;
}
