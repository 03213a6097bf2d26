import type { Command, Tier } from '#domain';

/** What a comment asks for: a command, or a line that looks like one and is none (`said`, shortened). Null where it asks for nothing. */
export type Spoken =
  | { readonly command: Command; readonly said: string }
  | { readonly command: null; readonly said: string };

/** What may be typed, for the answer to what is not understood and for docs/github.md. */
export const commandList = [
  [
    '/rig retry',
    'takes the issue up again: after a question, after the last attempt, after `/rig cancel`, or in the pause between two attempts',
  ],
  ['/rig cancel', 'ends the work; what was pushed stays'],
  ['/rig hold', 'stops the work until `/rig hold off`'],
  ['/rig hold off', 'goes on'],
  ['/rig review', 'has the head of the Issue’s own pull request reviewed once more'],
  ['/rig tier T2', 'says that the work is T2 at least (T0 to T3); a tier is never lowered'],
] as const;

const TIERS: readonly string[] = ['t0', 't1', 't2', 't3'] satisfies Lowercase<Tier>[];
const FENCE = /^ {0,3}(?<mark>`{3,}|~{3,})(?<rest>.*)$/;
const LINE_LIMIT = 200;

/**
 * The one command of a comment: the first line that begins with `/rig` and is the author's own word, so outside of fenced code, quotes, HTML
 * comments and `<pre>`. Takes time in proportion to the text.
 */
export function spokenIn(text: string): Spoken | null {
  const own = new OwnLines();
  for (const line of text.split('\n')) {
    if (!own.next(line) || !/^\/rig(\s|$)/i.test(line)) continue;
    const said = line.slice(0, LINE_LIMIT).trimEnd();
    return { command: commandOf(said), said: shown(said) };
  }
  return null;
}

function commandOf(line: string): Command | null {
  const [word = '', ...rest] = line.slice('/rig'.length).trim().toLowerCase().split(/\s+/);
  const argument = rest.join(' ');
  if ((word === 'retry' || word === 'cancel' || word === 'review') && argument === '') return { do: word };
  if (word === 'hold' && (argument === '' || argument === 'off')) return { do: 'hold', on: argument === '' };
  if (word === 'tier' && TIERS.includes(argument)) return { do: 'tier', tier: argument.toUpperCase() as Tier };
  return null;
}

/** What was said, in an answer: nothing in it formats, links or calls anybody. */
function shown(line: string): string {
  const plain = line
    .replace(/[^\w /-]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length <= 40 ? plain : `${plain.slice(0, 39)}…`;
}

const ENDS: Readonly<Record<string, string>> = { '<!--': '-->', '<pre': '</pre>' };

/** Tells of each line in turn whether it is the author's own word. */
class OwnLines {
  #fence: string | null = null;
  /** What ends the HTML that the line stands in. */
  #hidden: string | null = null;
  #quoted = false;

  next(line: string): boolean {
    if (this.#fence !== null) return this.#inFence(line, this.#fence);
    const hidden = this.#hidden !== null;
    const fence = hidden ? undefined : FENCE.exec(line)?.groups;
    if (fence && !(fence.mark!.startsWith('`') && fence.rest!.includes('`'))) {
      this.#fence = fence.mark!;
      return false;
    }
    // A line right under a quote belongs to its paragraph, as the forge shows it.
    this.#quoted = /^ {0,3}>/.test(line) || (this.#quoted && line.trim() !== '');
    for (const [tag] of line.toLowerCase().matchAll(/<!--|-->|<pre(?=[\s>]|$)|<\/pre>/g))
      if (this.#hidden === null) this.#hidden = ENDS[tag] ?? null;
      else if (tag === this.#hidden) this.#hidden = null;
    return !hidden && !this.#quoted;
  }

  #inFence(line: string, open: string): false {
    const mark = /^ {0,3}(?<mark>`{3,}|~{3,})\s*$/.exec(line)?.groups?.mark;
    if (mark !== undefined && mark[0] === open[0] && mark.length >= open.length) this.#fence = null;
    return false;
  }
}
