import { type ChangedFile, differingLines, type FileContent } from './change.ts';
import type { Engines } from './engines.ts';
import { kindsOf } from './manifests.ts';

/** What the text of a file says of its change, worked out once and only when asked. Null where the text is not there to be read. */
export class Content {
  readonly #text: FileContent;
  readonly #engines: Engines;
  #lines: { added: string[]; removed: string[] } | undefined;
  #sameYAML: boolean | undefined;
  #kinds: string | undefined;
  #versionsOnly: boolean | undefined;

  constructor(text: FileContent, engines: Engines) {
    this.#text = text;
    this.#engines = engines;
  }

  get text(): FileContent {
    return this.#text;
  }

  /** Lines that only the head has, joined; moved lines are not among them. */
  get addedText(): string {
    return this.#differing().added.join('\n');
  }

  get removedText(): string {
    return this.#differing().removed.join('\n');
  }

  /** Length of both. */
  get differing(): number {
    return this.addedText.length + this.removedText.length;
  }

  /** Both sides are YAML or JSON and say the same: only layout and comments differ. */
  get sameYAML(): boolean {
    const { before, after } = this.#text;
    this.#sameYAML ??= before !== null && after !== null && this.#engines.sameYAML(before, after);
    return this.#sameYAML;
  }

  /** Every line that differs, differs in the version it pins, and names no other place to take it from. */
  get versionsOnly(): boolean {
    this.#versionsOnly ??= this.#text.before !== null && this.#text.after !== null && pinsOnly(this.#differing());
    return this.#versionsOnly;
  }

  /** A package.json of which only dependencies and descriptions differ, and every dependency comes from the registry by a version. */
  get dependenciesOnly(): boolean {
    const { before, after } = this.#text;
    return before !== null && after !== null && onlyDependenciesDiffer(before, after);
  }

  /** Kinds of the Kubernetes manifests on both sides, separated by spaces. */
  get kinds(): string {
    this.#kinds ??= [...new Set([this.#text.before, this.#text.after].flatMap((text) => kindsOf(text ?? '')))].join(
      ' ',
    );
    return this.#kinds;
  }

  /** Hosts that an added line names and no removed one. */
  get newHosts(): string[] {
    const { added, removed } = this.#differing();
    const known = new Set(removed.flatMap(hosts));
    return [...new Set(added.flatMap(hosts))].filter((host) => !known.has(host)).sort();
  }

  #differing(): { added: string[]; removed: string[] } {
    this.#lines ??= differingLines(this.#text);
    return this.#lines;
  }
}

/** The text of a file where it was handed in whole; null where it was not, or is none. */
export function contentOf(file: ChangedFile, engines: Engines): Content | null {
  const { content } = file;
  if (content === undefined || content === 'unreadable') return null;
  const wanted = [
    { has: content.before !== null, mode: file.oldMode },
    { has: content.after !== null, mode: file.newMode },
  ];
  return wanted.some(({ has, mode }) => has !== (mode !== null)) ? null : new Content(content, engines);
}

const VERSION = /v?\d+(?:\.[\dx*]+)+(?:[-+][\w.+-]+)?/g;
/** A line that pins: a quoted or compared version, an attribute, or YAML's `version:`. */
const PIN = /["'=~^:<>@\s]v?\d+(?:\.[\dx*]+)+/;
const ELSEWHERE =
  /(?:git\+|git@|\bfile:|\blink:|\bworkspace:|\bpath\s*=|\bbranch\s*[:=]|\bgit\s*=|\bindex|threshold|coverage|fail_under|minimum_coverage)/i;

function pinsOnly({ added, removed }: { added: string[]; removed: string[] }): boolean {
  if (added.length === 0 || added.length !== removed.length) return false;
  if ([...added, ...removed].some((line) => !PIN.test(line) || ELSEWHERE.test(line))) return false;
  const masked = (lines: string[]) => lines.map((line) => line.replace(VERSION, '#')).sort();
  const [before, after] = [masked(removed), masked(added)];
  return before.every((line, index) => line === after[index]);
}

const HOST = /[a-z][a-z0-9+.-]*:\/\/(?:[^\s/@"']*@)?([a-z0-9.-]+)/gi;

function hosts(line: string): string[] {
  return [...line.matchAll(HOST)].map(([, host]) => host!.toLowerCase());
}

const DEPENDENCIES = [
  'dependencies',
  'devDependencies',
  'peerDependencies',
  'optionalDependencies',
  'require',
  'require-dev',
];
const HARMLESS = new Set([
  ...DEPENDENCIES,
  'version',
  'description',
  'keywords',
  'author',
  'contributors',
  'homepage',
  'bugs',
  'funding',
  'license',
]);
function onlyDependenciesDiffer(before: string, after: string): boolean {
  const [old, now] = [object(before), object(after)];
  if (old === null || now === null) return false;
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  for (const key of keys) {
    if (JSON.stringify(old[key]) === JSON.stringify(now[key])) continue;
    if (!HARMLESS.has(key) || (DEPENDENCIES.includes(key) && !rangesOnly(old[key], now[key]))) return false;
  }
  return true;
}

/** No dependency is new: a package that was not there before runs its own code when it is installed. */
function rangesOnly(old: unknown, now: unknown): boolean {
  const [was, is] = [record(old) ?? {}, record(now)];
  if (is === null) return now === undefined;
  return Object.entries(is).every(
    ([name, range]) =>
      was[name] === range ||
      (typeof range === 'string' && typeof was[name] === 'string' && range.length <= 64 && isRange(range)),
  );
}

/** A range of versions of the package's own name at the registry: no URL, path, alias, tag or workspace. */
function isRange(range: string): boolean {
  return range
    .split(/\s+|\|\|/)
    .every((part) => /^(?:[\^~]|[<>]=?|=)?v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*]))*(?:[-+][\w.+-]+)?$|^-?$/.test(part));
}

function object(text: string): Record<string, unknown> | null {
  try {
    return record(JSON.parse(text));
  } catch {
    return null;
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
