import { readFile } from 'node:fs/promises';
import type { Logger } from '#lib/observe';
import { SinkError } from './error.ts';
import { parseSinks, type Sink } from './sinks.ts';

const REREAD_MS = 5_000;

/** The sinks as their file has them now. A Secret that is changed, added or taken away holds without a restart. */
export class SinksFile {
  readonly #file: string | undefined;
  readonly #logger: Logger;
  readonly #now: () => number;
  #sinks: readonly Sink[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;

  constructor(file: string | undefined, logger: Logger, now: () => number = Date.now) {
    this.#file = file;
    this.#logger = logger;
    this.#now = now;
  }

  /** Why the file cannot be used, in a sentence without anything of what stands in it; null where it can, or there is none. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Never rejects: while the file cannot be used, those are told that it named last. */
  async read(): Promise<readonly Sink[]> {
    if (this.#file === undefined || this.#now() - this.#readAt < REREAD_MS) return this.#sinks;
    this.#readAt = this.#now();
    try {
      const text = await textOf(this.#file);
      this.#sinks = text === null ? [] : parseSinks(text);
      this.#problem = null;
    } catch (error) {
      const { message } = error as SinkError;
      if (message !== this.#problem) this.#logger.error({ why: message }, 'the sinks cannot be told from their file');
      this.#problem = message;
    }
    return this.#sinks;
  }
}

/** Null where there is none: nobody wants to be told. */
async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new SinkError('Unreadable', `The file of sinks cannot be read (${code}).`);
  }
}
