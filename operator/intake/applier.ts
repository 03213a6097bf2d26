import { finishDelivery, postponeDelivery, type TakenDelivery, takeDeliveries } from '#lib/events';
import { type FactUpdate, ForgeError } from '#lib/forge';
import { inScope, type Logger, type Metrics, noMetrics } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { putDelivered, wasListed } from '../mirror/told.ts';
import { affectedIssues } from './affected.ts';
import type { CommandIntake } from './commands.ts';
import { applyInstallation, type OnRepository } from './installations.ts';
import type { IssueIntake } from './issues.ts';
import { applyToMirror } from './mirror.ts';
import { ownersOf } from './owners.ts';
import { passes } from './passes.ts';
import { IntakeError } from './payload.ts';
import type { Payloads } from './payloads.ts';
import { traceDelivery } from './trace.ts';

const BATCH = 50;
/** Of all bodies in memory at once. */
const BATCH_BYTES = 32 * 1024 * 1024;
const POLL_MS = 1_000;
const RETRY_MS = 2_000;
const MAX_ATTEMPTS = 10;

export interface ApplierOptions {
  readonly conductor: Conductor;
  readonly intake: IssueIntake;
  readonly commands: CommandIntake;
  readonly payloads: Payloads;
  readonly onAffected: (issue: { namespace: string; name: string }) => void;
  /** A delivery says that a Repository stands otherwise at the forge than it did. */
  readonly onRepository?: OnRepository;
  readonly logger: Logger;
  /** First pause before a delivery that could not be applied is tried again, in ms; it doubles up to 64 times as long. Default 2,000. */
  readonly retryMs?: number;
  /** Default none. */
  readonly metrics?: Metrics;
}

/** Applies stored deliveries, at least once, on the leader; writes back what became of each. */
export class DeliveryApplier {
  readonly #options: ApplierOptions;
  readonly #told: OnRepository;
  #running: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#told = options.onRepository ?? (() => {});
  }

  /** Applies what is stored and looks again from time to time, until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#timer = setInterval(() => this.kick(), POLL_MS);
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.kick();
  }

  /** Looks for deliveries now. Without effect while this replica does not lead. */
  kick(): void {
    if (this.#timer === undefined) return;
    this.#again = true;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when what is being applied now is done: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #drain(): Promise<void> {
    const { conductor, logger } = this.#options;
    while (this.#again && this.#timer !== undefined) {
      this.#again = false;
      try {
        const deliveries = await takeDeliveries(conductor.log.pool, { limit: BATCH, maxBytes: BATCH_BYTES });
        for (const delivery of deliveries) {
          // The next leader takes the rest.
          if (this.#timer === undefined) return;
          await inScope(() => this.#applyOne(delivery));
        }
        if (deliveries.length > 0) this.#again = true;
      } catch (err) {
        logger.error({ err }, 'deliveries could not be taken');
        return;
      }
    }
  }

  async #applyOne(delivery: TakenDelivery): Promise<void> {
    const { conductor, logger } = this.#options;
    const { pool } = conductor.log;
    try {
      const { outcome, detail } = await this.#apply(delivery);
      await finishDelivery(pool, delivery.id, outcome, detail);
      this.#count(delivery, outcome);
    } catch (err) {
      logger.warn(
        { err, delivery: delivery.id, event: delivery.event, attempts: delivery.attempts },
        'delivery could not be applied',
      );
      const detail = (err as Error).message;
      const failed = lasts(err) || (delivery.attempts >= MAX_ATTEMPTS && !passes(err));
      if (failed) await finishDelivery(pool, delivery.id, 'failed', detail);
      else await postponeDelivery(pool, delivery.id, this.#pause(delivery, err), detail);
      this.#count(delivery, failed ? 'failed' : 'postponed');
    }
  }

  #count({ event, receivedAt }: TakenDelivery, outcome: string): void {
    const { conductor, metrics = noMetrics } = this.#options;
    metrics.count('rig_deliveries_total', { event, outcome });
    if (outcome === 'postponed') return;
    metrics.observe('rig_delivery_seconds', {}, Math.max(0, conductor.now() - receivedAt.getTime()) / 1_000);
  }

  #pause({ attempts }: TakenDelivery, error: unknown): number {
    const asked = error instanceof ForgeError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(asked, (this.#options.retryMs ?? RETRY_MS) * 2 ** Math.min(attempts - 1, 6));
  }

  async #apply(delivery: TakenDelivery): Promise<{ outcome: 'applied' | 'ignored'; detail: string }> {
    const { updates, installation, ignored } = await this.#options.payloads.delivery(delivery.event, delivery.body);
    if (ignored !== null) return { outcome: 'ignored', detail: ignored };
    if (installation !== null)
      return {
        outcome: 'applied',
        detail: await applyInstallation(this.#options.conductor, installation, delivery, this.#told),
      };
    const details: string[] = [];
    // A pull request's own row first: what is noted beside it needs one.
    const ordered = updates.toSorted((a, b) => Number(b.kind === 'pull-request') - Number(a.kind === 'pull-request'));
    for (const update of ordered) details.push(await this.#applyUpdate(update, delivery));
    return { outcome: 'applied', detail: details.join(' ').slice(0, 2_000) };
  }

  async #applyUpdate(update: FactUpdate, delivery: TakenDelivery): Promise<string> {
    const { conductor, intake, commands, onAffected } = this.#options;
    const host = delivery.headers['rig-forge-host'] ?? '';
    const key: RepositoryKey = { host, id: update.repositoryId };
    const { pool } = conductor.log;
    const at = update.updatedAt ?? delivery.receivedAt.toISOString();
    const noted = await applyToMirror(conductor, key, update, delivery.receivedAt);
    const named = { id: update.repositoryId, owner: update.owner, name: update.repository };
    const followers = ownersOf(conductor.objects.repositories.list(), named).filter(
      (repository) => forgeHost(repository) === host,
    );
    const said: string[] = [];
    for (const repository of followers) {
      if (update.kind === 'issue' && update.gone === null)
        said.push(
          (await wasListed(pool, key, update, at))
            ? 'A listing found it before.'
            : await intake.take(repository, update, delivery.id),
        );
      if (update.kind === 'comment') said.push(await commands.take(repository, update, delivery.id));
    }
    // Behind what was done about it: what could not be taken is for a listing to find.
    if (update.kind === 'issue') await putDelivered(pool, key, update, at);
    if (ABOUT_REPOSITORY.has(update.kind)) for (const repository of followers) this.#told(repository);
    const affected = await affectedIssues(conductor, key, followers, update);
    for (const issue of affected) onAffected(issue);
    await traceDelivery(conductor.log.pool, this.#options.logger, delivery, affected);
    return [noted, ...said].join(' ');
  }
}

const ABOUT_REPOSITORY: ReadonlySet<FactUpdate['kind']> = new Set(['repository', 'rules', 'hook-gone', 'ping']);

/** A body that misses what identifies its subject will miss it the next time, too. */
function lasts(error: unknown): boolean {
  return (
    (error instanceof ForgeError && error.code === 'Malformed') ||
    (error instanceof IntakeError && error.code !== 'Busy')
  );
}
