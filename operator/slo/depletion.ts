import { setTimeout as pause } from 'node:timers/promises';
import type { Repository, ServiceLevel } from '#crds';
import { budgetState, decideDepleted, effectiveGrade, type SloFacts, type SloWish } from '#domain';
import type { EventStore } from '#lib/events';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { repositoryKey } from '../issues/world.ts';
import { Telling } from '../ledger/reverts/telling.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import type { Cause } from '../store/log.ts';
import type { Production } from './production.ts';
import type { Ask } from './prometheus.ts';
import { readSlo } from './read.ts';
import { eventsOf, sloWish } from './wish.ts';

const CAUSE: Cause = { actor: { kind: 'controller', name: 'slo' } };
const LOOK_EVERY_MS = 60_000;

export interface DepletionOptions {
  readonly conductor: Pick<Conductor, 'objects' | 'log' | 'trust' | 'now'>;
  readonly store: EventStore;
  readonly production: Pick<Production, 'of'>;
  readonly ask: Ask;
  readonly logger: Logger;
}

interface Merged {
  /** The stream of its Issue. */
  readonly id: string;
  readonly mergeSHA: string;
  /** In ms. */
  readonly mergedAt: number;
}

/** Of a repository (host, id), with what has been quiet since before `$3` left out. What takes long is not to look at them, but to ask production of each. */
export const UNSETTLED = `
  SELECT DISTINCT c.stream AS id, c.record#>>'{change,mergeSHA}' AS "mergeSHA", (c.record#>>'{change,mergedAt}')::float8 AS "mergedAt"
  FROM ledger_changes c JOIN subjects s ON s.id = c.stream
  WHERE (c.quiet_since IS NULL OR c.quiet_since > $3) AND s.forge_host = $1 AND s.forge_repo_id = $2
    AND c.record#>>'{change,depletedAt}' IS NULL AND c.record#>>'{change,measured,tier}' IS DISTINCT FROM 'T0'
  ORDER BY "mergedAt"`;

type Budget = Extract<SloWish, { kind: 'prometheus' }>['budgets'][number];

/**
 * Tells of each merged change that has not settled, by the ledger's own rule, that an error budget has been used up since: unless that budget is known to
 * have been used up at the moment of the merge already. Runs on the leader; killed anywhere, it tells the rest when it looks again.
 */
export class Depletions {
  readonly #options: DepletionOptions;
  readonly #telling: Telling;
  #running: Promise<void> = Promise.resolve();

  constructor(options: DepletionOptions) {
    this.#options = options;
    this.#telling = new Telling(options.conductor.log, options.store, CAUSE);
  }

  /** Looks again and again until the signal aborts. */
  start(signal: AbortSignal): void {
    if (!signal.aborted) this.#running = this.#run(signal);
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (; !signal.aborted; await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => {}))
      await this.lookAll(signal).catch((err: unknown) => {
        if (!signal.aborted) this.#options.logger.warn({ err }, 'error budgets could not be looked at');
      });
  }

  /** Looks at the budgets of every Repository, by what production answered last. */
  async lookAll(signal?: AbortSignal): Promise<void> {
    const { conductor, production } = this.#options;
    for (const repository of conductor.objects.repositories.list()) {
      signal?.throwIfAborted();
      const wish = sloWish(repository.spec);
      const key = repositoryKey(repository);
      if (wish?.kind !== 'prometheus' || wish.budgets.length === 0 || key === null) continue;
      const facts = production.of(repository);
      if (!facts.known) continue;
      const spent = wish.budgets.filter((budget) => isSpent(budget, facts.value));
      for (const budget of spent) await this.#tellAll(repository, key, budget, signal);
    }
  }

  async #tellAll(
    repository: Repository,
    key: RepositoryKey,
    budget: Budget,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { log } = this.#options.conductor;
    const message = `The error budget ${budget.name} was used up before the change had settled.`;
    for (const { id, mergeSHA, mergedAt } of await this.#unsettled(key)) {
      if (await this.#spentAt(repository.spec.slo!, budget, mergedAt, signal)) continue;
      const grade = effectiveGrade(await log.load({ id }))?.tier ?? null;
      await this.#telling.tell(id, (history) =>
        decideDepleted(history, grade, { mergeSHA, budget: budget.name, message }),
      );
    }
  }

  /** Merged changes of a repository that have not settled, as far as the ledger has read the log, and of which nothing was told yet. */
  async #unsettled({ host, id }: RepositoryKey): Promise<Merged[]> {
    const { log, trust, now } = this.#options.conductor;
    const { rows } = await log.pool.query<Merged>(UNSETTLED, [host, id, new Date(now() - trust().settle)]);
    return rows;
  }

  /** Whether the budget is known to have been used up at a moment (ms). */
  async #spentAt(slo: ServiceLevel, budget: Budget, at: number, signal: AbortSignal | undefined): Promise<boolean> {
    const asked = slo.budgets!.find(({ name }) => name === budget.name)!;
    const questions = eventsOf(asked, budget.window);
    const facts = await readSlo(this.#options.ask, { url: slo.prometheusURL!, questions, at }, signal);
    return isSpent(budget, facts);
  }
}

function isSpent(budget: Budget, { budgets }: SloFacts): boolean {
  return budgetState(budget, budgets.get(budget.name) ?? new Map()).state === 'depleted';
}
