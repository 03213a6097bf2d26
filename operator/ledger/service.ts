import { setTimeout as pause } from 'node:timers/promises';
import type { Agent } from '#crds';
import {
  type AgentModels,
  type Ceiling,
  type DomainEvent,
  decideMoved,
  decideReset,
  evolveTrust,
  type Fact,
  known,
  type LedgerPolicy,
  noTrust,
  type StoredEvent,
  unknown,
} from '#domain';
import type { Pool } from '#lib/db';
import { type EventStore, ensureSubject, isEventsError } from '#lib/events';
import type { Logger } from '#lib/observe';
import type { Cause } from '../store/log.ts';
import { type Answered, readAnswers } from './answers.ts';
import { ceilingsAmong, modelsAmong, type Stands } from './ceilings.ts';
import { type GrantView, noGrants } from './grants.ts';
import { LedgerProjection } from './projection.ts';
import { answeredOf, duePairs, type Line, settlePair } from './standings.ts';
import { agentNames, markEveryPairDue, markGrantedDue, type Pair } from './tables.ts';

export interface LedgerOptions {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly policy: () => LedgerPolicy;
  /** What signed grants are worth now; left out, none holds. */
  readonly grants?: () => Promise<GrantView>;
  readonly now: () => number;
  readonly logger: Logger;
  /** Told of an Agent of which a line was computed anew, and whether it may be trusted with something else than before. */
  readonly onSettled?: (agent: { namespace: string; name: string }, moved: boolean) => void;
}

const CAUSE: Cause = { actor: { kind: 'controller', name: 'ledger' } };
/** How often it looks without being told: a success counts by the passing of time. */
const POLL_MS = 1_000;
/** How long what it said last holds where it cannot go on: what it has not read may have cost somebody their trust. */
const HOLDS_MS = 30_000;
const TRIES = 5;

/**
 * Keeps the ledger: follows the log, counts what has settled, and tells in each Agent's log what followed from it. Runs on the leader; being
 * killed anywhere costs nothing, for what is told is compared with what was told before.
 */
export class LedgerService {
  readonly #options: LedgerOptions;
  readonly #projection: LedgerProjection;
  /** Lines by Agent, then by class and model: those that this process computed, and no others. */
  readonly #lines = new Map<string, Map<string, Stands>>();
  #answers = new Map<string, Answered>();
  /** The version of {@link LedgerOptions.grants} under which the lines stand. */
  #granted: string | null = null;
  /** When every line was last as the log had told by then, in ms; null before the first time. */
  #settledAt: number | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#projection = new LedgerProjection(options.pool, options.store);
  }

  /** Follows until the signal aborts; begins with every line anew, for the policy may be another one than it was, and a table may have been written by anybody. */
  start(signal: AbortSignal): void {
    if (!signal.aborted) this.#running = this.#run(signal);
  }

  /** Resolves when it asks the database nothing any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /**
   * What an Agent is trusted with by class of work, with whichever of its models may answer: as of the last look, unknown before the first, and where
   * nothing could be looked at for half a minute.
   */
  ceilings(agent: Pick<Agent, 'metadata' | 'spec'>): Fact<ReadonlyMap<string, Ceiling>> {
    const at = this.#settledAt;
    if (at === null) return unknown('The trust ledger has not been read yet.');
    if (this.#options.now() - at > HOLDS_MS)
      return unknown(
        `The trust ledger has not gone on since ${new Date(at).toISOString()}; the conductor's log says why.`,
      );
    return known(ceilingsAmong(this.models(agent), this.#linesOf(agent)), at);
  }

  /** Which models {@link ceilings} is for, as of the last look. */
  models(agent: Pick<Agent, 'metadata' | 'spec'>): AgentModels {
    return modelsAmong(agent, this.#linesOf(agent), this.#answers.get(agent.metadata.uid!) ?? new Map());
  }

  /** Applies what the log has told by now, and whatever follows from it. */
  async settle(signal?: AbortSignal): Promise<void> {
    const { pool, policy, now, onSettled = () => {} } = this.#options;
    const grants = await this.#grants();
    for (;;) {
      if ((await this.#projection.catchUp(signal)) > 0 || this.#settledAt === null) await this.#hearAnswers();
      const due = await duePairs(pool, now());
      if (due.length === 0) return;
      for (const pair of due) {
        signal?.throwIfAborted();
        const lines = await settlePair(pool, pair, { policy: policy(), grants, now: now() });
        const moved = this.#remember(pair, lines);
        await this.#tell(pair.agentUid, lines);
        for (const { namespace, agent } of lines.slice(0, 1)) onSettled({ namespace, name: agent }, moved);
      }
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let policy: string | null = null; !signal.aborted; ) {
      policy = await this.#look(policy, signal);
      await pause(POLL_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Answers the policy under which every line stands; the one before where that could not be done. */
  async #look(before: string | null, signal: AbortSignal): Promise<string | null> {
    const { pool, policy, logger, now } = this.#options;
    const terms = JSON.stringify(policy());
    try {
      await this.settle(signal);
      if (terms !== before) {
        await markEveryPairDue(pool);
        await this.settle(signal);
      }
      this.#settledAt = now();
      return terms;
    } catch (err) {
      if (!signal.aborted) logger.error({ err }, 'the ledger could not go on');
      return before;
    }
  }

  /** Whoever signed a grant may have been taken off the list, or put on it. */
  async #grants(): Promise<GrantView> {
    const { pool, grants } = this.#options;
    if (grants === undefined) return noGrants;
    const view = await grants();
    if (view.version !== this.#granted) await markGrantedDue(pool);
    this.#granted = view.version;
    return view;
  }

  /** Which model answers to a name is not a pair's, but decides of what its Agent is trusted with. */
  async #hearAnswers(): Promise<void> {
    const { pool, onSettled = () => {} } = this.#options;
    const before = this.#answers;
    this.#answers = await readAnswers(pool);
    const other = [...this.#answers].filter(([uid, now]) => {
      const then = before.get(uid);
      return [...now].some(([asked, model]) => then?.get(asked) !== model);
    });
    if (other.length === 0) return;
    const names = await agentNames(
      pool,
      other.map(([uid]) => uid),
    );
    for (const agent of names) onSettled(agent, true);
  }

  #linesOf({ metadata }: Pick<Agent, 'metadata'>): Stands[] {
    return [...(this.#lines.get(metadata.uid!)?.values() ?? [])];
  }

  /** Keeps the lines of a pair; whether one of them is another than it was. */
  #remember({ agentUid, taskClass }: Pair, lines: readonly Line[]): boolean {
    const before = this.#lines.get(agentUid) ?? new Map<string, Stands>();
    const now = new Map([...before].filter(([, line]) => line.taskClass !== taskClass));
    for (const { model, standing } of lines)
      now.set(`${taskClass}/${model}`, { taskClass, model, ceiling: standing.ceiling });
    this.#lines.set(agentUid, now);
    return now.size !== before.size || [...now].some(([key, { ceiling }]) => before.get(key)?.ceiling !== ceiling);
  }

  /** Tells the Agent's log what its newest events do not say yet. */
  async #tell(agentUid: string, lines: readonly Line[]): Promise<void> {
    const [line] = lines;
    if (line === undefined) return;
    const { pool } = this.#options;
    const answered = await answeredOf(pool, agentUid);
    await tellAgent(this.#options, { namespace: line.namespace, name: line.agent, uid: agentUid }, CAUSE, (trust) => [
      ...decideReset(trust, answered),
      ...lines.flatMap((one) => decideMoved(trust, one, one.standing, one.fallen)),
    ]);
  }
}

/** Appends to an Agent's log what `decide` answers for it as it stands, again from the start where another writer was faster. */
export async function tellAgent(
  { pool, store }: Pick<LedgerOptions, 'pool' | 'store'>,
  { namespace, name, uid }: { namespace: string; name: string; uid: string },
  cause: Cause,
  decide: (trust: ReturnType<typeof evolveTrust>) => readonly DomainEvent[],
): Promise<void> {
  const { subject } = await ensureSubject(pool, { kind: 'Agent', namespace, name, uid });
  for (let attempt = 1; ; attempt += 1) {
    const told = (await store.read(subject.id)) as unknown as StoredEvent[];
    const events = decide(told.reduce(evolveTrust, noTrust));
    if (events.length === 0) return;
    try {
      await store.append(
        pool,
        subject.id,
        told.at(-1)?.version ?? 0,
        events.map(({ type, data }) => ({ type, data, meta: cause })),
        { named: true },
      );
      return;
    } catch (error) {
      if (!isEventsError(error, 'Concurrency') || attempt >= TRIES) throw error;
    }
  }
}
