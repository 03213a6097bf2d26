import type { Assignment, Word, WordPart } from 'unbash';

/** Where a command would run, for what words mean there. */
export interface Place {
  /** The worktree; absolute and free of symbolic links. */
  readonly root: string;
  readonly home: string;
  /** Further paths no command may read, e.g. that of the pod's token. */
  readonly secrets?: readonly string[];
}

/** One argument as written; `text` is what the command receives, undefined where only the shell could tell. */
export interface Arg {
  readonly raw: string;
  readonly text: string | undefined;
}

const STATIC = new Set<WordPart['type']>(['Literal', 'SingleQuoted', 'AnsiCQuoted', 'Glob', 'ExtendedGlob']);

/**
 * The argument a word stands for. Quotes are removed, `~`, `$HOME` and `$PWD` replaced; a pattern stays as it is written, since it
 * matches nothing above the folders it names. Any other expansion makes it unknown.
 */
export function argOf(word: Word | Assignment, place: Place, options: { patterns?: boolean } = {}): Arg {
  if (word.type === 'Assignment') return { raw: word.text, text: /[$`{]/.test(word.text) ? undefined : word.text };
  const { text: raw, parts } = word;
  if (!parts) return { raw, text: untilded(raw, word.value, place) };
  const pieces = parts.map((part) => pieceOf(part, place, options.patterns ?? true));
  const whole = pieces.includes(undefined) ? undefined : pieces.join('');
  return { raw, text: whole === undefined ? undefined : untilded(raw, whole, place) };
}

function pieceOf(part: WordPart, place: Place, patterns: boolean): string | undefined {
  if (part.type === 'SimpleExpansion' || part.type === 'ParameterExpansion') return variable(part.text, place);
  if (part.type === 'DoubleQuoted' || part.type === 'LocaleString') {
    const inner = part.parts.map((child) => pieceOf(child, place, patterns));
    return inner.includes(undefined) ? undefined : inner.join('');
  }
  if (!STATIC.has(part.type)) return undefined;
  if (part.type === 'Glob' || part.type === 'ExtendedGlob') return patterns ? part.text : undefined;
  return 'value' in part ? part.value : undefined;
}

function variable(text: string, place: Place): string | undefined {
  if (text === '$HOME' || text === `\${HOME}`) return place.home;
  if (text === '$PWD' || text === `\${PWD}`) return '.';
  return undefined;
}

function untilded(raw: string, value: string, place: Place): string | undefined {
  if (!raw.startsWith('~')) return value;
  if (value === '~' || value.startsWith('~/')) return place.home + value.slice(1);
  return undefined;
}
