import { endingOf, type NameShape } from './shape.ts';

export type Places = readonly number[];
export type Named = readonly [name: NameShape, at: number];

/** What is asked of names of one ending. */
export interface Asked {
  /** Places that match every one, in order. */
  readonly sure: Places;
  /** Places that match some, by the sign that these begin with; null for any. */
  readonly some: ReadonlyMap<string | null, readonly Named[]>;
}

const NONE: readonly never[] = [];

/** What is asked of names with that ending. */
export function askedOf(all: readonly Named[], ending: string): Asked {
  const open = all.filter(([name]) => mayEnd(name, ending));
  const certain = new Set(open.flatMap(([name, at]) => (isSure(name, ending) ? [at] : [])));
  const some = new Map<string | null, Named[]>();
  for (const one of open) if (!certain.has(one[1])) put(some, beginningOf(one[0]), one);
  return { sure: [...certain].sort(byPlace), some };
}

/** The places that match a name of that ending beside those that match every one; undefined for none. */
export function toldBy({ some }: Asked, name: string): number[] | undefined {
  if (some.size === 0) return undefined;
  let told: number[] | undefined;
  for (const named of [some.get(null), some.get(name[0]!)])
    for (const [shape, at] of named ?? NONE)
      if (matches(shape, name)) {
        told ??= [];
        told.push(at);
      }
  return told;
}

/** Each place once, in order. */
export function inOrder(places: Places): Places {
  return [...new Set(places)].sort(byPlace);
}

/** The ending of every name that matches; null where there are several. */
export function endingIn(name: NameShape): string | null {
  const end = name.is === 'suffix' ? name.suffix : name.is === 'pattern' ? name.after : '';
  return end.includes('.') ? endingOf(end) : null;
}

export function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function isSure(name: NameShape, ending: string): boolean {
  return name.is === 'any' || (name.is === 'suffix' && name.suffix === ending);
}

function mayEnd(name: NameShape, ending: string): boolean {
  if (name.is === 'any') return true;
  if (name.is === 'literal') return endingOf(name.name) === ending;
  const end = name.is === 'suffix' ? name.suffix : name.after;
  return end.endsWith(ending) || ending.endsWith(end);
}

function beginningOf(name: NameShape): string | null {
  if (name.is === 'literal') return name.name[0]!;
  return name.is === 'pattern' ? (name.before[0] ?? null) : null;
}

function matches(shape: NameShape, name: string): boolean {
  if (shape.is === 'pattern') return shape.matches(name);
  if (shape.is === 'suffix') return name.endsWith(shape.suffix);
  return shape.is === 'any' || shape.name === name;
}

function byPlace(one: number, other: number): number {
  return one - other;
}
