import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { EventMeta } from '#lib/events';

/** One event in an export, a line of JSON. */
export interface ArchivedEvent {
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema: number;
  readonly data: unknown;
  readonly meta: EventMeta;
  /** RFC 3339. */
  readonly at: string;
}

/** What stands before the events of a stream: who it is about. */
export interface ArchivedSubject {
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly forgeHost: string | null;
  readonly forgeRepoId: number | null;
  readonly number: number | null;
}

export interface Archive {
  readonly digest: string;
  readonly streams: readonly { readonly subject: ArchivedSubject; readonly events: readonly ArchivedEvent[] }[];
}

type Line =
  | { subject: ArchivedSubject }
  | { event: ArchivedEvent }
  | { digest: string; events: number; streams: number };

/** Writes an export line by line; the last line is the SHA-256 of all before it. */
export class ArchiveWriter {
  readonly #hash = createHash('sha256');
  readonly #write: (text: string) => Promise<void>;
  #streams = 0;
  #events = 0;

  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  async stream(subject: ArchivedSubject, events: readonly ArchivedEvent[]): Promise<void> {
    const lines = [{ subject }, ...events.map((event) => ({ event }))]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    this.#hash.update(lines);
    this.#streams += 1;
    this.#events += events.length;
    await this.#write(lines);
  }

  /** Ends the export and answers its digest. */
  async end(): Promise<{ digest: string; events: number; streams: number }> {
    const end = { digest: `sha256:${this.#hash.digest('hex')}`, events: this.#events, streams: this.#streams };
    await this.#write(`${JSON.stringify(end)}\n`);
    return end;
  }
}

/** Reads an export and verifies it. Throws where a byte of it is not as it was written, or its end is missing. */
export async function readArchive(file: string): Promise<Archive> {
  const hash = createHash('sha256');
  const streams: { subject: ArchivedSubject; events: ArchivedEvent[] }[] = [];
  let end: string | undefined;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (end !== undefined) throw damaged(file);
    const parsed = parse(file, line);
    if ('digest' in parsed) {
      end = parsed.digest;
      continue;
    }
    hash.update(`${line}\n`);
    if ('subject' in parsed) streams.push({ subject: parsed.subject, events: [] });
    else if (streams.at(-1)?.subject.id === parsed.event.stream) streams.at(-1)!.events.push(parsed.event);
    else throw damaged(file);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (end !== digest) throw damaged(file);
  return { digest, streams };
}

function parse(file: string, line: string): Line {
  try {
    const parsed = JSON.parse(line) as Line;
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      ('subject' in parsed || 'event' in parsed || 'digest' in parsed)
    )
      return parsed;
  } catch {
    // Told below.
  }
  throw damaged(file);
}

function damaged(file: string): Error {
  return new Error(`${file} is not as it was exported: its digest does not fit. Take another copy of it.`);
}
