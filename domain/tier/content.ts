import { type ChangedFile, differingLines, type FileContent } from './change.ts';
import type { Engines } from './engines.ts';
import { layoutOnly } from './layout.ts';
import { mayBeManifest, type SaidManifests, saidIn } from './manifests.ts';
import { pinsOnly } from './pins.ts';

const YAML = /\.ya?ml$/i;
/** Texts whose keys may stand in any order. */
const DATA = /\.(?:ya?ml|json5?|jsonc|toml|properties|ini|lock|resolved|pbxproj|strings|po|pot)$/i;

/** What the text of a file says of its change, worked out once and only when asked. */
export class Content {
  readonly text: FileContent;
  readonly #engines: Engines;
  readonly #path: string;
  readonly #stays: boolean;
  #lines: { added: string[]; removed: string[] } | undefined;
  #added: string | undefined;
  #removed: string | undefined;
  #changed: string | undefined;
  #sameYAML: boolean | undefined;
  #manifests: readonly SaidManifests[] | undefined;
  #versionsOnly: boolean | undefined;

  /** `path`: its name at the head. `stays`: it has the same name on both sides; a file that moves is another to whoever reads it there. */
  constructor(text: FileContent, { path, stays }: { path: string; stays: boolean }, engines: Engines) {
    this.text = text;
    this.#path = path;
    this.#stays = stays;
    this.#engines = engines;
  }

  /** Lines that only the head has, joined, and where their order counts those that moved. */
  get addedText(): string {
    this.#added ??= this.#differing().added.join('\n');
    return this.#added;
  }

  get removedText(): string {
    this.#removed ??= this.#differing().removed.join('\n');
    return this.#removed;
  }

  /** Both, each line between line breaks: a pattern need not look for where the text begins or ends. */
  get changedText(): string {
    this.#changed ??= `\n${this.addedText}\n${this.removedText}\n`;
    return this.#changed;
  }

  /**
   * Both sides say the same: only layout and comments differ. False where the file is no YAML by its name, for a script may read as one long word, and
   * where it moved: CI that stands elsewhere does not run any more, and a manifest is deleted where it stood.
   */
  get sameYAML(): boolean {
    const { before, after } = this.text;
    this.#sameYAML ??=
      this.#stays &&
      YAML.test(this.#path) &&
      before !== null &&
      after !== null &&
      this.#engines.sameYAML(before, after);
    return this.#sameYAML;
  }

  /** Every line stands where it stood, in the file where it stood, and where it differs, in the version that it pins alone. */
  get versionsOnly(): boolean {
    const { before, after } = this.text;
    this.#versionsOnly ??=
      this.#stays && before !== null && after !== null && pinsOnly(before, after, mayBeManifest(this.#path));
    return this.#versionsOnly;
  }

  /** An .editorconfig of which only the layout of text differs, in the folder where it stood. */
  get layoutOnly(): boolean {
    return this.#stays && layoutOnly(this.text);
  }

  /** A package.json of which only dependencies and descriptions differ, and every dependency comes from the registry by a version. */
  get dependenciesOnly(): boolean {
    const { before, after } = this.text;
    return this.#stays && before !== null && after !== null && onlyDependenciesDiffer(before, after);
  }

  /** What the manifests on both sides are. */
  get manifests(): readonly SaidManifests[] {
    const { before, after } = this.text;
    this.#manifests ??= [before, after].flatMap((text) =>
      text === null ? [] : [saidIn(text, this.#engines.readManifests)],
    );
    return this.#manifests;
  }

  /** Their kinds, separated by spaces. */
  get kinds(): string {
    return [...new Set(this.manifests.flatMap(({ kinds }) => kinds))].join(' ');
  }

  #differing(): { added: string[]; removed: string[] } {
    this.#lines ??= differingLines(this.text, !DATA.test(this.#path));
    return this.#lines;
  }
}

/** The text of a file where it was handed in whole; null where it was not, or is none. */
export function contentOf(file: ChangedFile, engines: Engines): Content | null {
  const { content, path, previousPath } = file;
  if (content === undefined || content === 'unreadable') return null;
  if ((content.before !== null) !== (file.oldMode !== null) || (content.after !== null) !== (file.newMode !== null))
    return null;
  return new Content(content, { path, stays: (previousPath ?? path) === path }, engines);
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
