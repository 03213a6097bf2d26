import type { DomainEvent } from '#domain';
import type { EffectRow } from '#lib/events';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { repositoryName } from '../repositories/name.ts';
import { Looking } from '../store/looking.ts';
import { type Asker, LEFT_KINDS, SUBJECT } from './left.ts';
import { UntoldPulls } from './untold.ts';

const LOOK_MS = 30_000;
/** Who still asks for it comes back within that time. */
const LEFT_AFTER_MS = 2 * 60_000;
const MOST = 50;
/** A branch ends with its attempt, and its pull request is asked for by that attempt alone: not by the next. */
const MAY_ASK = `(effects.kind <> 'pull-request' OR request ->> 'head' LIKE '%/' || tasks.attempt)`;
/**
 * After one of them the conductor asks for no such write of an Issue again, unless it is opened again; a closing that is wanted still, then or behind a merge,
 * has another key by then.
 */
const OVER = ['MERGED', 'ISSUE_DONE', 'ISSUE_FAILED', 'ISSUE_CANCELLED'] satisfies DomainEvent['type'][];

type Left = EffectRow & { readonly asker: Asker };

/**
 * Learns what became of writes whose program died while it made them, and which nobody asks for again: their task has ended, or their Issue is
 * merged or over. From then on they have an outcome, as every write has; and a pull request that came of one is told of in the log of its Issue
 * ({@link UntoldPulls}). Runs on the leader; nothing waits for it.
 */
export class Leftovers {
  readonly #conductor: Conductor;
  readonly #logger: Logger;
  readonly #looking: Looking;
  readonly #untold: UntoldPulls;
  /** Where the last look ended; null before the first and behind the last. */
  #lookedAt: string | null = null;

  constructor(conductor: Conductor, logger: Logger) {
    this.#conductor = conductor;
    this.#logger = logger;
    this.#untold = new UntoldPulls(conductor, logger);
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

  /** One look, at no more than {@link MOST}; the next goes on behind them. One that cannot be told keeps its turn and hides no other. */
  async look(): Promise<void> {
    const left = await this.#left();
    this.#lookedAt = left.length < MOST ? null : left.at(-1)!.key;
    for (const row of left)
      await this.#settle(row).catch((err: unknown) =>
        this.#logger.warn({ err, effect: row.key }, 'what became of a write is not known yet'),
      );
    await this.#untold.tell();
  }

  async #left(): Promise<Left[]> {
    const { log, now } = this.#conductor;
    const { rows } = await log.pool.query<Left>(
      `SELECT key, kind, subject, request, created_at AS "createdAt", CASE WHEN kind = ANY ($1) THEN 'task' ELSE 'issue' END AS asker
       FROM effects WHERE state IN ('planned', 'started') AND coalesce(started_at, created_at) < $3
       AND (effects.kind = ANY ($1) AND NOT EXISTS (SELECT FROM tasks WHERE tasks.subject::text = effects.subject AND ended_at IS NULL AND ${MAY_ASK})
         OR kind = ANY ($2) AND (kind <> 'comment' OR starts_with(key, 'comment/question/'))
           AND EXISTS (SELECT FROM events WHERE stream = ${SUBJECT} AND type = ANY ($4)))
       AND ($5::text IS NULL OR key > $5)
       ORDER BY key LIMIT ${MOST}`,
      [LEFT_KINDS.task, LEFT_KINDS.issue, new Date(now() - LEFT_AFTER_MS), OVER, this.#lookedAt],
    );
    return rows;
  }

  async #settle(row: Left): Promise<void> {
    const { log, forges, objects, writes, leader } = this.#conductor;
    const subject = { id: row.subject };
    const { spec, merged, ending } = await log.load(subject);
    // Opened again since: it may be asked for.
    if (row.asker === 'issue' && merged === null && ending === null) return;
    const { rows } = await log.pool.query('SELECT namespace FROM subjects WHERE id = $1', [row.subject]);
    const repository = spec && objects.repositories.get(rows[0]?.namespace, spec.repository);
    // Nobody can be asked: that is for a person, and `rig doctor` names it.
    if (!repository) return;
    const { forge } = await forges.forRepository(repository);
    const target = { forge, repo: repositoryName(repository), subject: row.subject, epoch: leader.epoch };
    await writes.giveUp(target, row, row.asker);
  }
}
