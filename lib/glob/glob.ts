import { expandBraces } from './braces.ts';
import { GlobError } from './error.ts';
import { compileSegment } from './segment.ts';

type Segment = '**' | ((name: string) => boolean);

/** What a list of globs asks, the frequent shapes looked up instead of tried. */
interface Index {
  readonly exact: Set<string>;
  /** Of `**` + `/name`. */
  readonly names: Set<string>;
  /** Of `**` + `/*.ext`, by what follows the last dot of `ext`. */
  readonly endings: Map<string, string[]>;
  /** Of `folder/**`, each ending in a slash. */
  readonly folders: string[];
  /** Of `**` + `/folder/**`. */
  readonly within: Set<string>;
  /** Of `folder/**` + `/*.ext`. */
  readonly below: (readonly [folder: string, ending: string])[];
  readonly others: (readonly Segment[])[];
}

const PLAIN = '[^*?[\\]{}\\\\/]+';
const NAMED = new RegExp(`^\\*\\*/(${PLAIN})$`);
const ENDING = new RegExp(`^\\*\\*/\\*(\\.${PLAIN})$`);
const FOLDER = new RegExp(`^((?:${PLAIN}/)+)\\*\\*$`);
const WITHIN = new RegExp(`^\\*\\*/(${PLAIN})/\\*\\*$`);
const BELOW = new RegExp(`^((?:${PLAIN}/)+)\\*\\*/\\*(\\.${PLAIN})$`);
const EXACT = new RegExp(`^${PLAIN}(?:/${PLAIN})*$`);

/**
 * One test for a list of globs, true where any of them matches the whole path. `*` and `?` stay between slashes and match a leading dot too, `**` as a
 * segment of its own crosses them (none too, but for a last one, which takes at least a name), `{a,b}` and `[a-z]`, `[!a-z]` are as in a shell, a backslash takes the next character as it is. Case counts.
 * A test takes at most the length of the path times that of the pattern: no glob, however it is made, and no path makes it take longer.
 * Throws {@link GlobError}.
 */
export function compileGlobs(patterns: readonly string[]): (path: string) => boolean {
  const index: Index = {
    exact: new Set(),
    names: new Set(),
    endings: new Map(),
    folders: [],
    within: new Set(),
    below: [],
    others: [],
  };
  for (const pattern of patterns) for (const plain of expandBraces(pattern)) add(index, plain, pattern);
  const { exact, names, endings, folders, within, below, others } = index;
  return (path) => {
    if (exact.has(path)) return true;
    if (names.size > 0 && names.has(path.slice(path.lastIndexOf('/') + 1))) return true;
    if (endings.size > 0 && endsAs(endings, path)) return true;
    if (folders.some((folder) => path.startsWith(folder))) return true;
    if (below.some(([folder, ending]) => path.startsWith(folder) && path.endsWith(ending))) return true;
    if (others.length === 0 && within.size === 0) return false;
    const parts = partsOf(path);
    if (within.size > 0 && parts.some((part, at) => at < parts.length - 1 && within.has(part))) return true;
    return others.some((segments) => matches(segments, parts));
  };
}

let [lastPath, lastParts]: [string, readonly string[]] = ['', ['']];

/** Many globs are asked of one path in a row. */
function partsOf(path: string): readonly string[] {
  if (path !== lastPath) [lastPath, lastParts] = [path, path.split('/')];
  return lastParts;
}

function add(index: Index, pattern: string, written: string): void {
  requirePath(pattern, written);
  const [, name] = NAMED.exec(pattern) ?? [];
  const [, ending] = ENDING.exec(pattern) ?? [];
  const [, folder] = FOLDER.exec(pattern) ?? [];
  const [, within] = WITHIN.exec(pattern) ?? [];
  const [, below, suffix] = BELOW.exec(pattern) ?? [];
  if (EXACT.test(pattern)) index.exact.add(pattern);
  else if (name !== undefined) index.names.add(name);
  else if (ending !== undefined) {
    const last = ending.slice(ending.lastIndexOf('.'));
    index.endings.set(last, [...(index.endings.get(last) ?? []), ending]);
  } else if (folder !== undefined) index.folders.push(folder);
  else if (within !== undefined) index.within.add(within);
  else if (below !== undefined && suffix !== undefined) index.below.push([below, suffix]);
  else index.others.push(pattern.split('/').map((segment) => (segment === '**' ? '**' : compileSegment(segment))));
}

function endsAs(endings: Index['endings'], path: string): boolean {
  const dot = path.lastIndexOf('.');
  if (dot < path.lastIndexOf('/') || dot < 0) return false;
  return endings.get(path.slice(dot))?.some((ending) => path.endsWith(ending)) ?? false;
}

function requirePath(pattern: string, written: string): void {
  const segments = pattern.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw new GlobError(
      'BadPattern',
      `${written} has an empty segment, or . or ..; write it from the root of the repository, as src/**.`,
    );
  if (segments.some((segment) => segment !== '**' && segment.includes('**')))
    throw new GlobError('BadPattern', `${written} has ** beside other characters; it stands between slashes alone.`);
}

/** As in a segment: only the newest `**` is made longer. */
function matches(segments: readonly Segment[], parts: readonly string[]): boolean {
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
