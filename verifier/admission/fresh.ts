interface Read<T> {
  /** When it was begun, in ms. */
  readonly at: number;
  readonly value: Promise<T>;
}

/**
 * A reader whose answers are of at most `freshMs` ago. Where it is asked again and again it reads anew while what it has is still fresh enough, so that
 * nobody waits for it but the first. A failure is answered to whoever has nothing fresher, and kept for nobody.
 */
export function keptFresh<T>(
  read: () => Promise<T>,
  { freshMs, now }: { readonly freshMs: number; readonly now: () => number },
): () => Promise<T> {
  let last: Read<T> | undefined;
  let reading: Read<T> | undefined;
  const begin = (): Promise<T> => {
    // One that hangs is not waited for longer than its answer would be fresh.
    if (reading !== undefined && now() - reading.at < freshMs) return reading.value;
    const begun = { at: now(), value: read() };
    reading = begun;
    const end = () => {
      if (reading === begun) reading = undefined;
    };
    begun.value.then(() => {
      if (last === undefined || begun.at >= last.at) last = begun;
      end();
    }, end);
    return begun.value;
  };
  return () => {
    const had = last;
    const age = had === undefined ? Number.POSITIVE_INFINITY : now() - had.at;
    if (had !== undefined && age < freshMs / 2) return had.value;
    const next = begin();
    return had !== undefined && age < freshMs ? had.value : next;
  };
}
