import { createHash } from 'node:crypto';

/** An event as it was when it was first seen. */
export interface Witnessed {
  /** Subject's id. */
  readonly stream: string;
  readonly version: number;
  readonly pos: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly at: string;
  /** MD5 of everything in its row. */
  readonly digest: string;
}

/** What PostgreSQL says of a stream as a whole: how many events, and the MD5 of their digests in the order of their versions, by commas. */
export interface StreamDigest {
  readonly stream: string;
  readonly count: number;
  readonly digest: string;
}

/**
 * A copy of the log that was made by following along: what was seen once has to stay as it was, whatever is killed afterwards. `faults`
 * are sentences about what did not.
 */
export class Chronicle {
  readonly faults: string[] = [];
  readonly #streams = new Map<string, Map<number, Witnessed>>();

  /** Takes events in any order; one that was seen before has to be the same. Answers those that are new. */
  take(events: readonly Witnessed[]): Witnessed[] {
    return events.filter((event) => this.#note(event));
  }

  /** Ids of every stream that was seen. */
  get streams(): ReadonlySet<string> {
    return new Set(this.#streams.keys());
  }

  /** Events of a stream in the order of their versions. */
  of(stream: string): Witnessed[] {
    return [...(this.#streams.get(stream)?.values() ?? [])].sort((a, b) => a.version - b.version);
  }

  /** Sentences about streams that are not, or no longer, what was seen of them. */
  compare(present: readonly StreamDigest[]): string[] {
    const byStream = new Map(present.map((one) => [one.stream, one]));
    return [...this.#streams.keys()].flatMap((stream) => {
      const seen = this.of(stream);
      const now = byStream.get(stream);
      if (now === undefined) return [`stream ${stream}: its ${seen.length} events are gone`];
      if (now.count !== seen.length)
        return [`stream ${stream}: ${seen.length} events were seen, ${now.count} are there`];
      return now.digest === digestOf(seen) ? [] : [`stream ${stream}: its events are not what they were`];
    });
  }

  #note(event: Witnessed): boolean {
    const stream = this.#streams.get(event.stream) ?? new Map<number, Witnessed>();
    this.#streams.set(event.stream, stream);
    const known = stream.get(event.version);
    if (known !== undefined && known.digest !== event.digest)
      this.faults.push(
        `stream ${event.stream}: version ${event.version} was ${known.type}, and is another ${event.type} now`,
      );
    if (known === undefined) stream.set(event.version, event);
    return known === undefined;
  }
}

function digestOf(events: readonly Witnessed[]): string {
  return createHash('md5')
    .update(events.map(({ digest }) => digest).join(','))
    .digest('hex');
}
