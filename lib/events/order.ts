import { type Cursor, compareCursors } from './types.ts';

/** What ordering needs of an event. */
export interface Placed extends Cursor {
  readonly stream: string;
  readonly version: number;
}

/** Where the event before one in its stream lies; `settled`: no transaction older than its own is still running. */
export interface Predecessor extends Placed {
  readonly settled: boolean;
}

export type Plan =
  /** Read on to this place: an event of the batch has its predecessor there. */
  | { readonly step: 'extend'; readonly to: Cursor }
  /** Take the first `length` events; streams in `gaps` miss a version below the one given. */
  | { readonly step: 'take'; readonly length: number; readonly gaps: ReadonlyMap<string, number> };

export function slot(stream: string, version: number): string {
  return `${stream}@${version}`;
}

/** The predecessors of a batch that are not in it: what has to be looked up before {@link planBatch}. */
export function missingPredecessors(batch: readonly Placed[]): { stream: string; version: number }[] {
  const present = new Set(batch.map((event) => slot(event.stream, event.version)));
  return batch
    .filter(({ stream, version }) => version > 1 && !present.has(slot(stream, version - 1)))
    .map(({ stream, version }) => ({ stream, version: version - 1 }));
}

/**
 * Decides what to do with a batch read in the order (txid, pos) after `cursor`. A transaction that took its id early may append
 * late, so a stream's versions may lie in another order: such a batch is extended as far as the late predecessor, or cut
 * short before the event while the predecessor's place is not settled. Pure.
 */
export function planBatch(batch: readonly Placed[], found: readonly Predecessor[], cursor: Cursor): Plan {
  const known = new Map(found.map((event) => [slot(event.stream, event.version), event]));
  const late: Predecessor[] = [];
  const gaps = new Map<string, number>();
  for (const { stream, version } of missingPredecessors(batch)) {
    const before = known.get(slot(stream, version));
    if (before === undefined) gaps.set(stream, Math.min(version + 1, gaps.get(stream) ?? version + 1));
    else if (compareCursors(before, cursor) > 0) late.push(before);
  }
  if (late.length > 0 && late.every(({ settled }) => settled)) return { step: 'extend', to: late.reduce(later) };
  return { step: 'take', length: cut(batch, new Set(late.map((event) => slot(event.stream, event.version)))), gaps };
}

function later(a: Predecessor, b: Predecessor): Predecessor {
  return compareCursors(a, b) > 0 ? a : b;
}

/** The longest prefix in which no event comes before its predecessor. From the end: a cut may take away what an earlier event needs. */
function cut(batch: readonly Placed[], late: ReadonlySet<string>): number {
  const at = new Map(batch.map((event, index) => [slot(event.stream, event.version), index]));
  let length = batch.length;
  for (let index = batch.length - 1; index >= 0; index -= 1) {
    const { stream, version } = batch[index]!;
    const before = slot(stream, version - 1);
    if (late.has(before) || (at.get(before) ?? -1) >= length) length = index;
  }
  return length;
}

/** The same events with every stream in the order of its versions, each as early as that allows. Pure. */
export function orderStreams<T extends Placed>(batch: readonly T[]): T[] {
  const pending = new Set(batch.map((event) => slot(event.stream, event.version)));
  const parked = new Map<string, T>();
  const ordered: T[] = [];
  for (const event of batch) {
    if (pending.has(slot(event.stream, event.version - 1))) {
      parked.set(slot(event.stream, event.version), event);
      continue;
    }
    for (let next: T | undefined = event; next !== undefined; ) {
      ordered.push(next);
      pending.delete(slot(next.stream, next.version));
      const after: string = slot(next.stream, next.version + 1);
      next = parked.get(after);
      parked.delete(after);
    }
  }
  return ordered;
}
