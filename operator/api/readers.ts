import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HttpError } from '#lib/http';
import { bearerOf } from './caller.ts';

const REREAD_MS = 30_000;

/** Checks the static token of people and dashboards. The file is read again from time to time, so that it can be rotated. */
export class ReaderToken {
  readonly #file: string | undefined;
  #cached: { value: Buffer; readAt: number } | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** Throws HttpError 401 for a request that may not read. */
  async require(header: string | undefined): Promise<void> {
    const given = Buffer.from(bearerOf(header));
    const wanted = await this.#token();
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new HttpError(
        'Unauthenticated',
        'ReaderTokenInvalid',
        'The bearer token may not read; take the one the operator was started with.',
      );
    }
  }

  async #token(): Promise<Buffer> {
    if (this.#file === undefined)
      throw new HttpError(
        'Unauthenticated',
        'ReadersOff',
        'This conductor was started without a reader token; set RIG_READER_TOKEN_FILE.',
      );
    if (this.#cached === undefined || Date.now() - this.#cached.readAt > REREAD_MS) {
      const text = await readFile(this.#file, 'utf8').catch((cause: unknown) => {
        throw new HttpError('Unavailable', 'ReadersOff', 'The file of the reader token cannot be read.', { cause });
      });
      const value = Buffer.from(text.trim());
      if (value.length < 16)
        throw new HttpError(
          'Unauthenticated',
          'ReadersOff',
          'The reader token is shorter than 16 characters; make a longer one.',
        );
      this.#cached = { value, readAt: Date.now() };
    }
    return this.#cached.value;
  }
}
