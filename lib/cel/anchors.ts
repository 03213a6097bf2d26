/** Stand for the begin and the end of a text: signs that no pattern here can match otherwise. */
const BEGIN = '\u0002';
const END = '\u0003';
/** These, and what a range up to them might begin with. */
const UNNAMED = ['\0', '\u0001', BEGIN, END];

/** A pattern without anchors, and the text in which it finds what the other finds in a text. */
export interface Unanchored {
  readonly pattern: string;
  /** The text between signs; null where it has these itself. */
  over(text: string): string | null;
}

/** A part of a pattern, with its quantifier, which may be empty. */
interface Part {
  readonly is: 'begin' | 'end' | 'group' | 'sign';
  /** As it is written without its quantifier; of a group how it opens. */
  readonly written: string;
  readonly alternatives: readonly (readonly Part[])[];
  times: string;
}

/** Signs that are no letters, digits or lines under words, behind a backslash; and what stands for lists of signs that are spelled out. */
const ESCAPE = String.raw`\\(?:[nrtdws]|[!-/:-@[-^\x60{-~])`;
const TOKEN = new RegExp(
  [
    String.raw`(?<open>\((?:\?i?:|(?!\?)))`,
    String.raw`(?<close>\))`,
    String.raw`(?<bar>\|)`,
    String.raw`(?<begin>\^)`,
    String.raw`(?<end>\$)`,
    String.raw`(?<times>(?:[*+?]|\{\d+(?:,\d*)?\})\??)`,
    String.raw`(?<any>\.)`,
    String.raw`\[\^(?<but>(?:[^\]\\[]|${ESCAPE})+)\]`,
    String.raw`(?<sign>\[(?!\^)(?:[^\]\\[]|${ESCAPE})+\]|${ESCAPE}|[^\\[\](){}|^$*+?.])`,
  ].join('|'),
  'y',
);

/**
 * Writes `^` and `$` of a pattern of RE2 as signs that stand around the text: an automaton goes from state to state by the signs alone, but wherever it may stand
 * at an anchor it has to work out where it is. Null where there is no `^`, and where it is not certain that the pattern says the same then: where an anchor
 * is not first or last of all, and where there are other flags than `i`, other escapes, or sets of signs that are not spelled out.
 */
export function withoutAnchors(pattern: string): Unanchored | null {
  const [flags, rest] = pattern.startsWith('(?i)') ? ['(?i)', pattern.slice(4)] : ['', pattern];
  if (!rest.includes('^') || UNNAMED.some((sign) => rest.includes(sign))) return null;
  // What has no anchors may be looked for as a text, which is found in half a sign too.
  if (!rest.isWellFormed()) return null;
  const parts = partsOf(rest);
  if (parts === null || !begins(parts)) return null;
  const written = write(parts, true, true);
  if (written === null) return null;
  return {
    pattern: flags + written,
    over: (text) => (text.includes(BEGIN) || text.includes(END) ? null : BEGIN + text + END),
  };
}

/** The alternatives of a pattern; null where it has what is not known here. */
function partsOf(pattern: string): Part[][] | null {
  const open: { alternatives: Part[][]; group: Part | null }[] = [{ alternatives: [[]], group: null }];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < pattern.length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(pattern)?.groups;
    if (found === undefined) return null;
    const { alternatives } = open.at(-1)!;
    const row = alternatives.at(-1)!;
    if (found.open !== undefined) {
      const inside: Part[][] = [[]];
      const group: Part = { is: 'group', written: found.open, alternatives: inside, times: '' };
      row.push(group);
      open.push({ alternatives: inside, group });
    } else if (found.close !== undefined) {
      if (open.length === 1) return null;
      open.pop();
    } else if (found.bar !== undefined) alternatives.push([]);
    else if (found.times !== undefined) {
      const last = row.at(-1);
      if (last === undefined || last.times !== '') return null;
      last.times = found.times;
    } else row.push(partOf(found));
  }
  return open.length === 1 ? open[0]!.alternatives : null;
}

function partOf({ begin, end, any, but, sign }: Record<string, string | undefined>): Part {
  const part = (is: Part['is'], written: string): Part => ({ is, written, alternatives: [], times: '' });
  if (begin !== undefined) return part('begin', BEGIN);
  if (end !== undefined) return part('end', END);
  if (any !== undefined) return part('sign', `[^\n${BEGIN}${END}]`);
  if (but !== undefined) return part('sign', `[^${BEGIN}${END}${but.startsWith('-') ? '\\' : ''}${but}]`);
  return part('sign', sign!);
}

/** Whether a `^` is anywhere in it: with a `$` alone an automaton is rarely at an anchor. */
function begins(alternatives: readonly (readonly Part[])[]): boolean {
  return alternatives.some((row) => row.some((part) => part.is === 'begin' || begins(part.alternatives)));
}

/** `first` and `last`: nothing comes before or after these in what is found. */
function write(alternatives: readonly (readonly Part[])[], first: boolean, last: boolean): string | null {
  const rows = alternatives.map((row) => {
    const parts = row.map((part, at) => writePart(part, first && at === 0, last && at === row.length - 1));
    return parts.includes(null) ? null : parts.join('');
  });
  return rows.includes(null) ? null : rows.join('|');
}

function writePart({ is, written, alternatives, times }: Part, first: boolean, last: boolean): string | null {
  if (is === 'sign') return written + times;
  if (is !== 'group') return times === '' && (is === 'begin' ? first : last) ? written : null;
  const inside = write(alternatives, first && times === '', last && times === '');
  return inside === null ? null : `${written}${inside})${times}`;
}
