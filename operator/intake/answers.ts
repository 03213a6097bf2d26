import type { Queryable } from '#lib/db';
import { isEventsError } from '#lib/events';
import { ForgeError } from '#lib/forge';
import { inScope, type Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { repositoryName } from '../repositories/name.ts';
import { Looking } from '../store/looking.ts';
import { passes } from './passes.ts';

const POLL_MS = 1_000;
const RETRY_MS = 2_000;
const MAX_ATTEMPTS = 10;

/** What is said under an issue or pull request, once for `key`. */
export interface CommentAnswer {
  readonly key: string;
  /** The Repository object. */
  readonly namespace: string;
  readonly repository: string;
  readonly number: number;
  /** Subject id, or what else the write is recorded for. */
  readonly subject: string;
  readonly body: string;
  /** Told to one who may not command: it waits behind what others are told. */
  readonly refusal: boolean;
}

/** Has it sent soon; a key that is known says nothing more. */
export async function putAnswer(db: Queryable, answer: CommentAnswer): Promise<void> {
  const { key, namespace, repository, number, subject, body, refusal } = answer;
  await db.query(
    `INSERT INTO answers (key, namespace, repository, number, subject, body, refusal) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (key) DO NOTHING`,
    [key, namespace, repository, number, subject, body, refusal],
  );
}

/** Deletes at most `limit` of those that were sent, or given up, before `before`; answers how many. What the forge was told stays known in `effects`. */
export async function pruneAnswers(db: Queryable, { before, limit }: { before: Date; limit: number }): Promise<number> {
  const { rowCount } = await db.query(
    'DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE ended_at < $1 LIMIT $2)',
    [before, limit],
  );
  return rowCount ?? 0;
}

export interface AnswersOptions {
  readonly conductor: Conductor;
  readonly logger: Logger;
  /** First pause before one that could not be sent is tried again, in ms; it doubles up to 64 times as long. Default 2,000. */
  readonly retryMs?: number;
}

/** Sends what is to be answered, on the leader: for each Repository one at a time, those of all others beside it. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #looking: Looking;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#looking = new Looking({
      everyMs: POLL_MS,
      look: () => this.#look(),
      failed: 'answers could not be read',
      logger: options.logger,
    });
  }

  /** Sends what there is and looks again from time to time, until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#looking.start(signal);
    this.#looking.kick();
  }

  /** Looks now. Without effect while this replica does not lead. */
  kick(): void {
    this.#looking.kick();
  }

  /** Resolves when what is being sent now is: wait for it before ending the database's pool. */
  async idle(): Promise<void> {
    await this.#looking.idle();
    await Promise.all(this.#busy.values());
  }

  /** What there is more of is looked for when one of these is sent. */
  async #look(): Promise<boolean> {
    for (const due of await this.#due()) this.#begin(due);
    return false;
  }

  /** The next one of each Repository that nothing is being sent for. */
  async #due(): Promise<(CommentAnswer & { attempts: number })[]> {
    const { rows } = await this.#options.conductor.log.pool.query(
      `SELECT DISTINCT ON (namespace, repository) key, namespace, repository, number, subject, body, refusal, attempts FROM answers
       WHERE ended_at IS NULL AND due_at <= clock_timestamp() AND namespace || '/' || repository <> ALL($1::text[])
       ORDER BY namespace, repository, refusal, seq LIMIT 50`,
      [[...this.#busy.keys()]],
    );
    return rows;
  }

  #begin(answer: CommentAnswer & { attempts: number }): void {
    const lane = `${answer.namespace}/${answer.repository}`;
    const sent = inScope(() => this.#sendOne(answer))
      .catch((err: unknown) => this.#options.logger.warn({ err, key: answer.key }, 'answer could not be noted as sent'))
      .finally(() => {
        this.#busy.delete(lane);
        this.kick();
      });
    this.#busy.set(lane, sent);
  }

  async #sendOne(answer: CommentAnswer & { attempts: number }): Promise<void> {
    const { conductor, logger, retryMs = RETRY_MS } = this.#options;
    const { pool } = conductor.log;
    const end = (failure: string | null) =>
      pool.query('UPDATE answers SET ended_at = clock_timestamp(), failure = $2 WHERE key = $1', [answer.key, failure]);
    try {
      await this.#send(answer);
      await end(null);
    } catch (error) {
      const { message } = error as Error;
      const lost = isUnanswerable(error) || (answer.attempts + 1 >= MAX_ATTEMPTS && !passes(error));
      if (lost) logger.warn({ err: error, key: answer.key }, 'answer could not be sent and is given up');
      if (lost) return void (await end(message));
      await pool.query(
        `UPDATE answers SET attempts = attempts + 1, due_at = clock_timestamp() + $2 * interval '1 ms' WHERE key = $1`,
        [answer.key, retryMs * 2 ** Math.min(answer.attempts, 6)],
      );
    }
  }

  async #send({ key, namespace, repository, number, subject, body }: CommentAnswer): Promise<void> {
    const { conductor } = this.#options;
    const object = conductor.objects.repositories.get(namespace, repository);
    if (object === undefined) throw new ForgeError('NotFound', `There is no Repository ${namespace}/${repository}.`);
    const { forge } = await conductor.forges.forRepository(object);
    const target = { forge, repo: repositoryName(object), subject, epoch: conductor.leader.epoch };
    await conductor.writes.comment(target, number, key, body);
  }
}

/** What the forge refuses (a locked conversation, an issue that is gone) stays unanswered. */
function isUnanswerable(error: unknown): boolean {
  if (isEventsError(error, 'EffectRefused')) return true;
  const cause = isEventsError(error, 'EffectNotPerformed') ? error.cause : error;
  return cause instanceof ForgeError && (cause.code === 'Forbidden' || cause.code === 'NotFound');
}
