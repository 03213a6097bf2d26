import { setTimeout as pause } from 'node:timers/promises';
import type { Agent } from '#crds';
import {
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
import { ceilingsAmong, type Stands } from './ceilings.ts';
import { LedgerProjection } from './projection.ts';
import { answeredOf, duePairs, type Line, settlePair } from './standings.ts';
import { markEveryPairDue, type Pair } from './tables.ts';

export interface LedgerOptions {
  readonly pool: Pool;
  readonly store: EventStore;
  readonly policy: () => LedgerPolicy;
  readonly now: () => number;
  readonly logger: Logger;
  /** Told of an Agent of which a line was computed anew, and whether a ceiling is another one than it was. */
  readonly onSettled?: (agent: { namespace: string; name: string }, moved: boolean) => void;
}

const CAUSE: Cause = { actor: { kind: 'controller', name: 'ledger' } };
/** How often it looks without being told: a success counts by the passing of time. */
const POLL_MS = 1_000;
const TRIES = 5;

/**
 * Keeps the ledger: follows the log, counts what has settled, and tells in each Agent's log what followed from it. Runs on the leader; being
 * killed anywhere costs nothing, for what is told is compared with what was told before.
 */
export class LedgerService {
  readonly #options: LedgerOptions;
  readonly #projection: LedgerProjection;
  /** Lines by Agent, then by class and model. */
  readonly #lines = new Map<string, Map<string, Stands>>();
  /** Every line was computed in this process. */
  #ready = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#projection = new LedgerProjection(options.pool, options.store);
  }

  /** Follows until the signal aborts; begins with every line anew, for the policy may be another one than it was. */
  start(signal: AbortSignal): void {
    if (!signal.aborted) this.#running = this.#run(signal);
  }

  /** Resolves when it asks the database nothing any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** What an Agent is trusted with by class of work, with whichever of its models may answer: as of the last look, and unknown before the first. */
  ceilings(agent: Pick<Agent, 'metadata' | 'spec'>): Fact<ReadonlyMap<string, Ceiling>> {
    if (!this.#ready) return unknown('The trust ledger has not been read yet.');
    const lines = [...(this.#lines.get(agent.metadata.uid!)?.values() ?? [])];
    return known(ceilingsAmong(agent, lines), this.#options.now());
  }

  /** Applies what the log has told by now, and whatever follows from it. */
  async settle(signal?: AbortSignal): Promise<void> {
    const { pool, policy, now, onSettled = () => {} } = this.#options;
    for (;;) {
      await this.#projection.catchUp(signal);
      const due = await duePairs(pool, now());
      if (due.length === 0) return;
      for (const pair of due) {
        signal?.throwIfAborted();
        const lines = await settlePair(pool, pair, policy(), now());
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
    const { pool, policy, logger } = this.#options;
    const { tiersOf: _, ...figures } = policy();
    const now = JSON.stringify(figures);
    try {
      await this.settle(signal);
      if (!this.#ready) await this.#recall();
      if (now === before) return now;
      await markEveryPairDue(pool);
      await this.settle(signal);
      return now;
    } catch (err) {
      if (!signal.aborted) logger.error({ err }, 'the ledger could not go on');
      return before;
    }
  }

  /** Takes up the lines that were computed before, so that nobody has to wait for all of them. */
  async #recall(): Promise<void> {
    const { rows } = await this.#options.pool.query(
      'SELECT agent_uid, task_class AS "taskClass", model, ceiling FROM ledger',
    );
    for (const [agentUid, lines] of Map.groupBy(rows, (row) => row.agent_uid as string))
      this.#lines.set(agentUid, new Map(lines.map((line) => [`${line.taskClass}/${line.model}`, line])));
    this.#ready = true;
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
      ...lines.flatMap((one) => decideMoved(trust, one, one.standing)),
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
