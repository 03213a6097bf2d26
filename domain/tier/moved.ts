/**
 * Lines of both texts that stand in another order: all but a longest row of those that kept theirs. Blank lines and single signs are none: they
 * say nothing wherever they stand. Takes as long as sorting does.
 */
export function movedLines(old: readonly string[], now: readonly string[]): string[] {
  const places = placesOf(now);
  const taken = new Map<string, number>();
  const pairs: { line: string; at: number }[] = [];
  for (const line of old) {
    if (!says(line)) continue;
    const nth = taken.get(line) ?? 0;
    const at = places.get(line)?.[nth];
    if (at === undefined) continue;
    taken.set(line, nth + 1);
    pairs.push({ line, at });
  }
  const kept = longestRising(pairs.map(({ at }) => at));
  return pairs.flatMap(({ line }, index) => (kept.has(index) ? [] : [line]));
}

function says(line: string): boolean {
  return /\w{2}/.test(line);
}

function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [at, line] of lines.entries()) {
    if (!says(line)) continue;
    const known = places.get(line);
    if (known === undefined) places.set(line, [at]);
    else known.push(at);
  }
  return places;
}

/** Indexes of a longest strictly rising row, by patience sorting: of each length the row that ends lowest. */
function longestRising(values: readonly number[]): Set<number> {
  const ends: number[] = [];
  const previous = new Array<number>(values.length);
  for (const [index, value] of values.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (values[ends[middle]!]! < value) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : ends[low - 1]!;
    ends[low] = index;
  }
  const row = new Set<number>();
  for (let at = ends.at(-1) ?? -1; at >= 0; at = previous[at]!) row.add(at);
  return row;
}
