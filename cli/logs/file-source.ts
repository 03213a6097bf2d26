import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { type LogLine, type LogSource, recordOf } from './line.ts';

const CHUNK = 2 ** 20;

/** The lines of a program's log file that carry one correlation id. A file that is set aside for a new one is read from its start. */
export class FileSource implements LogSource {
  readonly #file: string;
  readonly #correlationId: string;
  readonly #notBefore: number;
  #offset = 0;
  #rest = '';

  /** `notBefore` in ms since the epoch. */
  constructor(file: string, correlationId: string, notBefore = 0) {
    this.#file = file;
    this.#correlationId = correlationId;
    this.#notBefore = notBefore;
  }

  async read(): Promise<LogLine[]> {
    if (!existsSync(this.#file)) return [];
    const source = basename(this.#file, '.log');
    return this.#newLines().flatMap((text) => {
      // Cheaper than to parse every line of a busy program.
      if (!text.includes(this.#correlationId)) return [];
      const { time, correlationId } = recordOf(text) ?? {};
      if (correlationId !== this.#correlationId || typeof time !== 'string') return [];
      return Date.parse(time) >= this.#notBefore ? [{ at: time, source, text }] : [];
    });
  }

  #newLines(): string[] {
    const fd = openSync(this.#file, 'r');
    try {
      if (fstatSync(fd).size < this.#offset) {
        this.#offset = 0;
        this.#rest = '';
      }
      const lines: string[] = [];
      for (;;) {
        const chunk = Buffer.alloc(CHUNK);
        const read = readSync(fd, chunk, 0, CHUNK, this.#offset);
        if (read === 0) return lines;
        this.#offset += read;
        const parts = (this.#rest + chunk.toString('latin1', 0, read)).split('\n');
        this.#rest = parts.pop() ?? '';
        // Cut as bytes, so that a character on the edge of two chunks stays whole.
        for (const part of parts) lines.push(Buffer.from(part, 'latin1').toString('utf8'));
      }
    } finally {
      closeSync(fd);
    }
  }
}
