import { GlobError } from './error.ts';

/** One character of a segment: itself, any, any run, or one of a class. */
type Token = string | typeof ANY | typeof RUN | ((char: string) => boolean);

const ANY = Symbol('?');
const RUN = Symbol('*');

/** What a name between slashes has to be. */
export interface NamePattern {
  /** In time of at most the length of the name times the pattern's. */
  readonly matches: (name: string) => boolean;
  /** What every name that matches begins and ends with; empty where that is not known. */
  readonly before: string;
  readonly after: string;
}

/** Throws {@link GlobError}. */
export function compileSegment(pattern: string): NamePattern {
  const tokens = tokensOf(pattern);
  if (tokens.every((token) => typeof token === 'string')) {
    const whole = tokens.join('');
    return { matches: (name) => name === whole, before: whole, after: whole };
  }
  const before = literal(tokens).join('');
  const after = literal(tokens.toReversed()).reverse().join('');
  // Nearly every name is told by its ends.
  return {
    matches: (name) => name.startsWith(before) && name.endsWith(after) && matches(tokens, [...name]),
    before,
    after,
  };
}

/** The characters that a name begins with in any case. */
function literal(tokens: readonly Token[]): Token[] {
  const end = tokens.findIndex((token) => typeof token !== 'string');
  return tokens.slice(0, end);
}

/** Only the newest run is ever made longer: what lies before it has matched as early as it can. */
function matches(tokens: readonly Token[], chars: readonly string[]): boolean {
  let [token, char, run, resume] = [0, 0, -1, 0];
  while (char < chars.length) {
    if (tokens[token] === RUN) {
      run = token;
      resume = char;
      token += 1;
    } else if (token < tokens.length && one(tokens[token]!, chars[char]!)) {
      token += 1;
      char += 1;
    } else if (run >= 0) {
      resume += 1;
      char = resume;
      token = run + 1;
    } else return false;
  }
  while (tokens[token] === RUN) token += 1;
  return token === tokens.length;
}

function one(token: Token, char: string): boolean {
  return token === ANY || (typeof token === 'function' ? token(char) : token === char);
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!;
    if (char === '\\') {
      at += 1;
      if (chars[at] === undefined) throw new GlobError('BadPattern', `${pattern} ends with a lone backslash.`);
      tokens.push(chars[at]!);
    } else if (char === '*') {
      if (tokens.at(-1) !== RUN) tokens.push(RUN);
    } else if (char === '?') tokens.push(ANY);
    else if (char === '[') {
      const end = chars.indexOf(']', at + (chars[at + 1] === '!' || chars[at + 1] === '^' ? 3 : 2));
      if (end < 0) throw new GlobError('BadClass', `${pattern} opens a class with [ that it does not close.`);
      tokens.push(classOf(chars.slice(at + 1, end), pattern));
      at = end;
    } else tokens.push(char);
  }
  return tokens;
}

function classOf(chars: readonly string[], pattern: string): (char: string) => boolean {
  const negated = chars[0] === '!' || chars[0] === '^';
  const body = negated ? chars.slice(1) : chars;
  if (body.some((char) => char === '\\' || char === '[' || char === '/'))
    throw new GlobError(
      'BadClass',
      `${pattern} has a class with a backslash, bracket or slash in it; name characters and ranges only.`,
    );
  const ranges: [string, string][] = [];
  for (let at = 0; at < body.length; at += 1) {
    const isRange = body[at + 1] === '-' && body[at + 2] !== undefined;
    const [low, high] = isRange ? [body[at]!, body[at + 2]!] : [body[at]!, body[at]!];
    if (low > high) throw new GlobError('BadClass', `${pattern} has the empty range ${low}-${high}.`);
    ranges.push([low, high]);
    if (isRange) at += 2;
  }
  return (char) => ranges.some(([low, high]) => low <= char && char <= high) !== negated;
}
