import { type Asked, askedOf, endingIn, inOrder, type Named, type Places, put, toldBy } from './names.ts';
import { endingOf, type Segment, type Shape } from './shape.ts';

/** What is asked in some folders, and not in others. */
interface Placed {
  readonly folder: readonly Segment[];
  readonly named: Named;
  /** Another for each. */
  readonly id: number;
}

/** What is asked of names in a folder, beside what is asked in any; by ending, as far as it was worked out. */
interface Here {
  readonly named: readonly Named[];
  readonly byEnding: Map<string, Asked>;
}

const NONE: readonly never[] = [];
/**
 * Room for all that is worked out and remembered, a few MiB: one for each glob that is asked somewhere, and some for what holds them. Whoever names files may make
 * up as many folders and endings as they like.
 */
const ROOM = 200_000;
const HOLDS = 10;
/** Characters of a folder or an ending that is worth remembering. */
const USUAL = 256;
/** Folders of a path in which the same name is rarely there twice. */
const FEW = 16;

/**
 * What many globs ask of a path. What they ask in a folder is worked out once and remembered, and so is what they ask there of names of one ending: then nothing
 * but the name is asked.
 */
export class PathIndex {
  /** Whole paths, and names in any folder. */
  readonly #paths = new Map<string, number[]>();
  readonly #names = new Map<string, number[]>();
  /** What is asked of other names in any folder, by their ending; null for any. */
  readonly #endings = new Map<string | null, Named[]>();
  /** What is asked in some folders, by a name that one of these has to have: empty for the root, null where there is none. */
  readonly #folders = new Map<string | null, Placed[]>();
  readonly #most: number;
  #ids = 0;
  #taken = 0;
  readonly #anywhere: Here = { named: [], byEnding: new Map() };
  readonly #known = new Map<string, Here>();
  /** By what is asked: folders are many, kinds of them are few. */
  readonly #kinds = new Map<string, Here>();

  /** `most`: folders that are remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Asks for a shape, to answer `at` where it matches. All are added before the first path is asked. */
  add({ folder, name }: Shape, at: number): void {
    const literals = folder.flatMap((segment) => (typeof segment === 'object' ? [segment.literal] : []));
    const isAnywhere = folder.length > 0 && folder.every((segment) => segment === '**');
    this.#ids += 1;
    if (name.is === 'literal' && literals.length === folder.length)
      put(this.#paths, [...literals, name.name].join('/'), at);
    else if (name.is === 'literal' && isAnywhere) put(this.#names, name.name, at);
    else if (isAnywhere) put(this.#endings, endingIn(name), [name, at]);
    else {
      const key = folder.length === 0 ? '' : (literals.at(-1) ?? null);
      put(this.#folders, key, { folder, named: [name, at], id: this.#ids });
    }
  }

  /** Places of those that match, in order. One answer may stand for many paths. */
  placesOf(path: string): Places {
    const begin = path.lastIndexOf('/') + 1;
    const name = path.slice(begin);
    const asked = this.#asked(path.slice(0, begin), endingOf(name));
    const told = toldBy(asked, name);
    const [exact, called] = [this.#paths.get(path), this.#names.get(name)];
    if (told === undefined && exact === undefined && called === undefined) return asked.sure;
    return inOrder([...asked.sure, ...(told ?? NONE), ...(exact ?? NONE), ...(called ?? NONE)]);
  }

  #asked(folder: string, ending: string): Asked {
    const here = this.#remembered(folder);
    const known = here.byEnding.get(ending);
    if (known !== undefined) return known;
    const ask = (key: string | null) => this.#endings.get(key) ?? NONE;
    const all = [...ask(null), ...ask(ending), ...here.named];
    const made = askedOf(all, ending);
    this.#take(all.length);
    if (ending.length <= USUAL) here.byEnding.set(ending, made);
    return made;
  }

  #remembered(folder: string): Here {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const made = this.#here(folder);
    if (this.#known.size >= this.#most) this.#known.clear();
    if (folder.length <= USUAL) this.#known.set(folder, made);
    return made;
  }

  #here(folder: string): Here {
    const parts = folder.split('/');
    parts.pop();
    const found: Placed[] = [];
    const ask = (key: string | null) => {
      const all = this.#folders.get(key);
      if (all !== undefined) for (const placed of all) if (matches(placed.folder, parts)) found.push(placed);
    };
    ask(null);
    if (parts.length === 0) ask('');
    else for (const part of parts.length > FEW ? new Set(parts) : parts) ask(part);
    return found.length === 0 ? this.#anywhere : this.#kindOf(found);
  }

  #kindOf(found: readonly Placed[]): Here {
    const ids = [...new Set(found.map(({ id }) => id))].sort((one, other) => one - other).join();
    const known = this.#kinds.get(ids);
    if (known !== undefined) return known;
    const made = { named: found.map(({ named }) => named), byEnding: new Map() };
    this.#take(found.length);
    this.#kinds.set(ids, made);
    return made;
  }

  /** Takes room for what is asked by so many globs; where there is none left, all that is remembered is let go. */
  #take(globs: number): void {
    this.#taken += HOLDS + globs;
    if (this.#taken <= ROOM) return;
    for (const remembered of [this.#known, this.#kinds, this.#anywhere.byEnding]) remembered.clear();
    this.#taken = HOLDS + globs;
  }
}

/** Whether these are the folders; `**` is any number of them. As in a segment: only the newest `**` is made longer. */
function matches(segments: readonly Segment[], parts: readonly string[]): boolean {
  let [segment, part, deep, resume] = [0, 0, -1, 0];
  while (part < parts.length) {
    const wanted = segments[segment];
    if (wanted === '**') {
      deep = segment;
      resume = part;
      segment += 1;
    } else if (wanted !== undefined && isSegment(wanted, parts[part]!)) {
      segment += 1;
      part += 1;
    } else if (deep >= 0) {
      resume += 1;
      part = resume;
      segment = deep + 1;
    } else return false;
  }
  while (segments[segment] === '**') segment += 1;
  return segment === segments.length;
}

function isSegment(wanted: Exclude<Segment, '**'>, part: string): boolean {
  return typeof wanted === 'function' ? wanted(part) : wanted.literal === part;
}
