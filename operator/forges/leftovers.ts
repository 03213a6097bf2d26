import type { EffectRow } from '#lib/events';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { repositoryName } from '../repositories/name.ts';
import { Looking } from '../store/looking.ts';
import { LEFT_KINDS } from './left.ts';

const LOOK_MS = 30_000;
/** A task that lives comes back within that time. */
const LEFT_AFTER_MS = 2 * 60_000;
const MOST = 50;

/**
 * Learns what became of writes whose program died while it made them and whose task came back no more: from then on they have an outcome, as
 * every write has. Runs on the leader; nothing waits for it.
 */
export class Leftovers {
  readonly #conductor: Conductor;
  readonly #logger: Logger;
  readonly #looking: Looking;

  constructor(conductor: Conductor, logger: Logger) {
    this.#conductor = conductor;
    this.#logger = logger;
    const failed = 'what was left of writes could not be looked at';
    this.#looking = new Looking({ everyMs: LOOK_MS, look: () => this.look().then(() => false), failed, logger });
  }

  /** Looks twice a minute until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#looking.start(signal);
    this.#looking.kick();
  }

  idle(): Promise<void> {
    return this.#looking.idle();
  }

  /** One look: at the oldest first. One that cannot be told is looked at again. */
  async look(): Promise<void> {
    for (const row of await this.#left())
      await this.#settle(row).catch((err: unknown) =>
        this.#logger.warn({ err, effect: row.key }, 'what became of a write is not known yet'),
      );
  }

  async #left(): Promise<EffectRow[]> {
    const { log, now } = this.#conductor;
    const { rows } = await log.pool.query<EffectRow>(
      `SELECT key, kind, subject, request FROM effects WHERE state IN ('planned', 'started') AND kind = ANY ($1)
       AND coalesce(started_at, created_at) < $2
       AND NOT EXISTS (SELECT FROM tasks WHERE tasks.subject::text = effects.subject AND ended_at IS NULL)
       ORDER BY created_at LIMIT ${MOST}`,
      [LEFT_KINDS, new Date(now() - LEFT_AFTER_MS)],
    );
    return rows;
  }

  async #settle(row: EffectRow): Promise<void> {
    const { log, forges, objects, writes, leader } = this.#conductor;
    const subject = { id: row.subject };
    const { spec } = await log.load(subject);
    const { rows } = await log.pool.query('SELECT namespace FROM subjects WHERE id = $1', [row.subject]);
    const repository = spec && objects.repositories.get(rows[0]?.namespace, spec.repository);
    // Nobody can be asked: that is for a person, and `rig doctor` names it.
    if (!repository) return;
    const { forge } = await forges.forRepository(repository);
    await writes.giveUp({ forge, repo: repositoryName(repository), subject: row.subject, epoch: leader.epoch }, row);
  }
}
