import { GlobError } from './error.ts';

/** Patterns that the braces of one may stand for. */
const MAX_ALTERNATIVES = 256;

/** Writes `{a,b}` out, nested ones too. Throws {@link GlobError} where braces do not pair or stand for too many patterns. */
export function expandBraces(pattern: string): string[] {
  const open = indexOf(pattern, '{', 0);
  if (open < 0) {
    if (indexOf(pattern, '}', 0) >= 0)
      throw new GlobError('UnpairedBrace', `${pattern} closes a brace that it does not open.`);
    return [pattern];
  }
  const { parts, end } = alternatives(pattern, open);
  const heads = pattern.slice(0, open);
  const tails = expandBraces(pattern.slice(end + 1));
  const written = parts.flatMap(expandBraces).flatMap((middle) => tails.map((tail) => heads + middle + tail));
  if (written.length > MAX_ALTERNATIVES)
    throw new GlobError(
      'TooManyAlternatives',
      `${pattern} stands for more than ${MAX_ALTERNATIVES} patterns; write several rules.`,
    );
  return written;
}

function alternatives(pattern: string, open: number): { parts: string[]; end: number } {
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; at < pattern.length; at += 1) {
    const char = pattern[at];
    if (char === '\\') at += 1;
    else if (char === '{') depth += 1;
    else if (char === ',' && depth === 1) {
      parts.push(pattern.slice(from, at));
      from = at + 1;
    } else if (char === '}') {
      depth -= 1;
      if (depth === 0) return { parts: [...parts, pattern.slice(from, at)], end: at };
    }
  }
  throw new GlobError('UnpairedBrace', `${pattern} opens a brace that it does not close.`);
}

/** Where a character stands for itself first, from `from`; behind a backslash it does not count. */
function indexOf(pattern: string, wanted: string, from: number): number {
  for (let at = from; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === wanted) return at;
  }
  return -1;
}
