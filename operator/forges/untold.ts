import { decideOpened } from '#domain';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import type { Cause } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import { SUBJECT } from './left.ts';

/** Whoever made it writes it down within that time, or never. */
const UNTOLD_AFTER_MS = 30_000;
const MOST = 50;
const CAUSE: Cause = { actor: { kind: 'controller', name: 'leftovers' } };

interface Made extends SubjectName {
  readonly key: string;
  readonly branch: string;
  readonly outcome: { readonly number: number; readonly url: string };
  /** As the database writes it, which is finer than a Date. */
  readonly at: string;
}

/**
 * Tells the logs of pull requests that were made at the forge and that they do not know: the claim ended behind the call, or the conductor died before
 * it could write it down. Asks no forge.
 */
export class UntoldPulls {
  readonly #conductor: Pick<Conductor, 'log' | 'now'>;
  readonly #logger: Logger;
  /** Where the next look begins: all that was made before is told. */
  #from = '-infinity';
  /** The oldest that could not be told since the last look that went to the end. */
  #failed: string | null = null;

  constructor(conductor: Pick<Conductor, 'log' | 'now'>, logger: Logger) {
    this.#conductor = conductor;
    this.#logger = logger;
  }

  /** Tells of no more than {@link MOST}, oldest first; the next call goes on behind them. One that cannot be told keeps its turn and hides no other. */
  async tell(): Promise<void> {
    const before = new Date(this.#conductor.now() - UNTOLD_AFTER_MS);
    const untold = await this.#untold(before);
    for (const made of untold)
      await this.#write(made).catch((err: unknown) => {
        this.#failed ??= made.at;
        this.#logger.warn({ err, effect: made.key }, 'a pull request could not be told of yet');
      });
    const ended = untold.length < MOST;
    this.#from = ended ? (this.#failed ?? before.toISOString()) : untold.at(-1)!.at;
    if (ended) this.#failed = null;
  }

  async #untold(before: Date): Promise<Made[]> {
    const { rows } = await this.#conductor.log.pool.query<Made>(
      `SELECT s.id, s.namespace, s.name, key, request ->> 'head' AS branch, outcome, finished_at::text AS at
       FROM effects JOIN subjects s ON s.id = ${SUBJECT}
       WHERE effects.kind = 'pull-request' AND state = 'succeeded' AND finished_at BETWEEN $1 AND $2
       AND NOT EXISTS (SELECT FROM events WHERE stream = s.id AND type = 'PR_CREATED' AND data -> 'number' = outcome -> 'number')
       ORDER BY finished_at LIMIT ${MOST}`,
      [this.#from, before],
    );
    return rows;
  }

  async #write({ id, namespace, name, key, branch, outcome }: Made): Promise<void> {
    // The key ends with the head that was asked for.
    const headSHA = key.slice(key.lastIndexOf('/') + 1);
    await this.#conductor.log.append({ id, namespace, name }, CAUSE, (state) =>
      decideOpened(state, { number: outcome.number, url: outcome.url, headSHA, branch }),
    );
  }
}
