import { Worker } from 'node:worker_threads';
import { ForgeError, type ForgeErrorCode, type ParsedDelivery } from '#lib/forge';
import type { NamedRepository } from './owners.ts';
import { IntakeError, type IntakeErrorCode, readDelivery, readEnvelope } from './payload.ts';
import { LARGE_BODY } from './signers.ts';

/** To the thread: `event` null asks for the envelope alone. */
export interface Question {
  readonly event: string | null;
  readonly body: Uint8Array;
}

export type Answer =
  | { readonly value: unknown }
  | { readonly refused: 'intake'; readonly code: IntakeErrorCode; readonly message: string }
  | { readonly refused: 'forge'; readonly code: ForgeErrorCode; readonly message: string };

export interface PayloadsOptions {
  /** Longest that one large body may be read, in ms; default 10,000. */
  readonly withinMs?: number;
  /** How long the thread is kept for the next large body, in ms; default 30,000. */
  readonly idleMs?: number;
  /** Bytes from which on a body is large. Default 256 KiB. */
  readonly largeFrom?: number;
}

/**
 * Reads bodies. A small one at once; a large one on a thread of its own, one after another, so that whoever sends large ones holds up
 * nobody but those. The thread is started when the first comes, and ended when none has come for a while.
 */
export class Payloads {
  readonly #withinMs: number;
  readonly #idleMs: number;
  readonly #largeFrom: number;
  #worker: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #hashing: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor({ withinMs = 10_000, idleMs = 30_000, largeFrom = LARGE_BODY }: PayloadsOptions = {}) {
    this.#withinMs = withinMs;
    this.#idleMs = idleMs;
    this.#largeFrom = largeFrom;
  }

  /** See {@link readEnvelope}. Rejects with IntakeError Busy where it took too long. */
  async envelope(body: Buffer): Promise<NamedRepository | null> {
    return body.byteLength < this.#largeFrom ? readEnvelope(body) : (this.#ask({ event: null, body }) as never);
  }

  /** See `parseDelivery`. */
  async delivery(event: string, body: Buffer): Promise<ParsedDelivery> {
    return body.byteLength < this.#largeFrom ? readDelivery(event, body) : (this.#ask({ event, body }) as never);
  }

  /** One after another for what is large: nobody can have many such bodies hashed at once. */
  async inTurn<T>(body: Buffer, work: () => Promise<T>): Promise<T> {
    if (body.byteLength < this.#largeFrom) return work();
    const done = this.#hashing.then(work);
    this.#hashing = done.catch(() => {});
    return done;
  }

  /** Ends the thread. What is being read rejects. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }

  #ask(question: Question): Promise<unknown> {
    const answered = this.#turn.then(() => this.#askNow(question));
    this.#turn = answered.catch(() => {});
    return answered;
  }

  async #askNow(question: Question): Promise<unknown> {
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const answer = await this.#within(worker, question);
    this.#idle = setTimeout(() => this.#end(worker), this.#idleMs).unref();
    if ('value' in answer) return answer.value;
    throw answer.refused === 'intake'
      ? new IntakeError(answer.code, answer.message)
      : new ForgeError(answer.code, answer.message);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./payload-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    worker.unref();
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }

  #within(worker: Worker, question: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const busy = (cause?: unknown) => {
      this.#end(worker);
      reject(new IntakeError('Busy', 'The body could not be read in time; send it again later.', { cause }));
    };
    const timer = setTimeout(busy, this.#withinMs);
    worker.once('message', resolve).once('error', busy).once('exit', busy);
    worker.postMessage(question);
    return promise.finally(() => {
      clearTimeout(timer);
      worker.off('message', resolve).off('error', busy).off('exit', busy);
    });
  }

  #end(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    void worker.terminate();
  }
}
