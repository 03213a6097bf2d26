import { createHash } from 'node:crypto';
import { outlineLine, saysMuch } from './words.ts';

/** Both sides of a file as outlines; null where there is no such file on that side. */
export interface Outline {
  readonly before: string | null;
  readonly after: string | null;
}

/** Prose, translations and pictures as text: nothing decides by what they say, only that they say something. */
const PROSE = /\.(?:md|mdx|rst|adoc|txt|po|pot|strings|stringsdict|html|css|scss|svg|xib|storyboard|ipynb)$/i;
const PINNED = /(?:requirements|constraints)[^/]*(?:\/[^/]*)?\.(?:txt|in)$/i;
const DATA =
  /\.(?:ya?ml|json5?|toml|lock|resolved|props|targets|csproj|sln[fx]?|xml|plist|entitlements|sql|ini|cfg|in|txt|pbxproj)$|(?:^|\/)(?:podfile|gemfile|dockerfile|migrations?\/)/i;

/** Lines of one side that an outline keeps at most. */
function limitOf(path: string): number {
  if (PROSE.test(path) && !PINNED.test(path)) return 2;
  return DATA.test(path) ? 80 : 12;
}

/**
 * What two texts say differently, without saying it: the lines that only one of them has, first those with a telling word, and
 * what kinds of manifest both are. A package.json stays one, with the keys that differ.
 */
export function outlineOf(path: string, before: string | null, after: string | null): Outline {
  if (/(?:^|\/)(?:package|composer)\.json$/.test(path)) return manifestOutline(before, after);
  const [old, now] = [linesOf(before), linesOf(after)];
  const limit = limitOf(path);
  return {
    before: before === null ? null : side(old, onlyIn(old, now), limit),
    after: after === null ? null : side(now, onlyIn(now, old), limit),
  };
}

/** What stays as it is written: names of public APIs. */
const NAMES = /^\s*(?:-\s+)?["']?(?:apiVersion|kind|apiGroups?)["']?\s*:/;
/** Lines that tell what kind of object a manifest is, and those with a YAML tag, anchor or complex key at their start. */
const KIND = /^\s*(?:-\s+)?["']?(?:apiVersion|kind|apiGroups?)["']?\s*:|^[\s-]*[?!&]/;

function side(all: readonly string[], differing: readonly string[], limit: number): string {
  const ranked = differing
    .map((line, index) => ({ line, index, rank: 2 - saysMuch(line) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index);
  const kept = ranked.slice(0, limit).sort((a, b) => a.index - b.index);
  const changed = new Set(differing);
  const kinds = new Set(all.filter((line) => KIND.test(line) && !changed.has(line)).slice(0, limit));
  const lines = [...kinds, ...kept.map(({ line }) => line)];
  return lines.map((line) => (NAMES.test(line) ? line.trimEnd() : shortened(outlineLine(line)))).join('\n');
}

/** Characters of a line that are kept. */
const KEPT = 160;

/** A long line without its end, of which a number is left: lines that end otherwise stay different. */
function shortened(line: string): string {
  if (line.length <= KEPT) return line;
  const rest = createHash('sha256').update(line.slice(KEPT)).digest().readUInt32BE();
  return `${line.slice(0, KEPT)}~${rest}`;
}

function linesOf(text: string | null): string[] {
  return text === null ? [] : text.split(/\r\n|\n|\r/);
}

/** Lines of the first that the second has not, or has less often. */
function onlyIn(lines: readonly string[], other: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of other) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const times = left.get(line) ?? 0;
    left.set(line, times - 1);
    return times <= 0;
  });
}

function manifestOutline(before: string | null, after: string | null): Outline {
  const [old, now] = [before, after].map((text) => (text === null ? null : objectIn(text)));
  const outline = (text: string | null, mine: unknown, other: unknown) =>
    text === null ? null : JSON.stringify(mine === undefined ? {} : differing(mine, other), null, 1);
  return { before: outline(before, old ?? undefined, now), after: outline(after, now ?? undefined, old) };
}

/** What of `mine` differs from `other`, two levels deep; values below and names of packages as outlines. */
function differing(mine: unknown, other: unknown, depth = 0): unknown {
  if (!isObject(mine))
    return typeof mine === 'string' ? outlineLine(mine) : JSON.parse(outlineLine(JSON.stringify(mine)));
  const was = isObject(other) ? other : {};
  const entries = Object.entries(mine).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(was[key]));
  return Object.fromEntries(
    entries.map(([key, value]) => [depth === 0 ? key : outlineLine(key), differing(value, was[key], depth + 1)]),
  );
}

function objectIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
