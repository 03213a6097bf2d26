import { expandBraces } from './braces.ts';
import { endingOf, type Segment, type Shape, shapeOf } from './shape.ts';

/**
 * One test for a list of globs, true where any of them matches the whole path. `*` and `?` stay between slashes and match a leading dot too, `**` as a
 * segment of its own crosses them (none too, but for a last one, which takes at least a name), `{a,b}` and `[a-z]`, `[!a-z]` are as in a shell, a backslash takes the next character as it is. Case counts.
 * A test takes at most the length of the path times that of the pattern: no glob, however it is made, and no path makes it take longer.
 * Throws {@link GlobError}.
 */
export function compileGlobs(patterns: readonly string[]): (path: string) => boolean {
  const matching = indexGlobs([patterns]);
  return (path) => matching(path).length > 0;
}

/**
 * Many lists of globs asked at once: answers the places of those that match, in order. What a path is asked is looked up by its name, its ending and its
 * folders; only what is of no frequent shape is tried. Otherwise as {@link compileGlobs}.
 */
export function indexGlobs(lists: readonly (readonly string[])[]): (path: string) => readonly number[] {
  const index = new Index();
  for (const [at, patterns] of lists.entries())
    for (const pattern of patterns) for (const plain of expandBraces(pattern)) index.add(shapeOf(plain, pattern), at);
  const found = new Uint8Array(lists.length);
  return (path) => {
    found.fill(0);
    index.mark(path, found);
    const places: number[] = [];
    for (let at = 0; at < found.length; at += 1) if (found[at] === 1) places.push(at);
    return places;
  };
}

/** What is asked, and by which of the lists. */
class Index {
  readonly #exact = new Map<string, number[]>();
  readonly #names = new Map<string, number[]>();
  /** By the ending. */
  readonly #endings = new Map<string, (readonly [suffix: string, at: number])[]>();
  readonly #below = new Map<string, (readonly [folder: string, suffix: string, at: number])[]>();
  /** By the first part of the folder. */
  readonly #folders = new Map<string, (readonly [folder: string, at: number])[]>();
  readonly #within = new Map<string, number[]>();
  /** By the ending; null for any. */
  readonly #others = new Map<string | null, (readonly [segments: readonly Segment[], at: number])[]>();

  add(shape: Shape, at: number): void {
    if (shape.is === 'exact') put(this.#exact, shape.path, at);
    else if (shape.is === 'name') put(this.#names, shape.name, at);
    else if (shape.is === 'ending') put(this.#endings, endingOf(shape.suffix), [shape.suffix, at]);
    else if (shape.is === 'folder') put(this.#folders, firstOf(shape.folder), [shape.folder, at]);
    else if (shape.is === 'within') put(this.#within, shape.folder, at);
    else if (shape.is === 'below') put(this.#below, endingOf(shape.suffix), [shape.folder, shape.suffix, at]);
    else put(this.#others, shape.ending, [shape.segments, at]);
  }

  /** Writes a 1 at the place of each list that matches. */
  mark(path: string, found: Uint8Array): void {
    const parts = path.split('/');
    const name = parts.at(-1)!;
    const ending = endingOf(name);
    for (const at of this.#exact.get(path) ?? []) found[at] = 1;
    for (const at of this.#names.get(name) ?? []) found[at] = 1;
    for (const [suffix, at] of this.#endings.get(ending) ?? []) if (path.endsWith(suffix)) found[at] = 1;
    for (const [folder, at] of this.#folders.get(parts[0]!) ?? []) if (path.startsWith(folder)) found[at] = 1;
    for (const [folder, suffix, at] of this.#below.get(ending) ?? [])
      if (path.startsWith(folder) && path.endsWith(suffix)) found[at] = 1;
    for (let part = parts.length - 2; part >= 0; part -= 1)
      for (const at of this.#within.get(parts[part]!) ?? []) found[at] = 1;
    for (const key of [ending, null])
      for (const [segments, at] of this.#others.get(key) ?? [])
        if (found[at] === 0 && matches(segments, parts)) found[at] = 1;
  }
}

function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function firstOf(folder: string): string {
  return folder.slice(0, folder.indexOf('/'));
}

/** As in a segment: only the newest `**` is made longer. */
function matches(segments: readonly Segment[], parts: readonly string[]): boolean {
  // Nearly every path is told by its ends.
  const [first, final] = [segments[0], segments.at(-1)];
  if (typeof final === 'function' && !final(parts.at(-1)!)) return false;
  if (typeof first === 'function' && !first(parts[0]!)) return false;
  let [segment, part, deep, resume] = [0, 0, -1, 0];
  while (part < parts.length) {
    const wanted = segments[segment];
    if (wanted === '**') {
      deep = segment;
      resume = part;
      segment += 1;
    } else if (wanted?.(parts[part]!)) {
      segment += 1;
      part += 1;
    } else if (deep >= 0) {
      resume += 1;
      part = resume;
      segment = deep + 1;
    } else return false;
  }
  return segment === segments.length;
}
