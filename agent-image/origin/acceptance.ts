import { forbiddenWords } from './words.ts';

/** What every commit of a task carries. */
export interface CommitMarks {
  readonly author: { readonly name: string; readonly email: string };
  /** Value of the trailer `Rig-Task`. */
  readonly task: string;
}

export interface RawCommit {
  readonly sha: string;
  readonly author: string;
  readonly committer: string;
  /** Names of headers that no commit of a task has: a signature, a tag that was merged, another encoding. */
  readonly further: readonly string[];
  readonly message: string;
}

const HEADERS = ['tree', 'parent', 'author', 'committer'];
const DAY_MS = 86_400_000;
/** Longer than any task lives, and what clocks differ. */
const PAST_MS = 30 * DAY_MS;
const FUTURE_MS = DAY_MS;

/** Reads what `git rev-list --header --encoding=none` prints. With another encoding git would leave that header out. */
export function parseCommits(listing: string): RawCommit[] {
  return listing
    .split('\0')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => {
      const end = entry.indexOf('\n\n');
      const [sha = '', ...lines] = (end < 0 ? entry : entry.slice(0, end)).split('\n');
      const of = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
      const message = end < 0 ? '' : entry.slice(end + 2).replaceAll(/^ {4}/gm, '');
      // A line that begins with a space goes on with the header before it.
      const names = lines.filter((line) => !line.startsWith(' ')).map((line) => line.split(' ', 1)[0] as string);
      const further = names.filter((name) => !HEADERS.includes(name));
      return { sha, author: of('author'), committer: of('committer'), further, message };
    });
}

/** Why a commit may not leave under the task's name at `now` (ms), in words for who made it; undefined where it may. */
export function commitFault(commit: RawCommit, { author, task }: CommitMarks, now: number): string | undefined {
  const trailer = `Rig-Task: ${task}`;
  const who = `${author.name} <${author.email}> `;
  const [header] = commit.further;
  if (header !== undefined) return `it has the header ${header}, which no commit of a task has`;
  for (const role of ['author', 'committer'] as const) {
    const when = commit[role].slice(who.length);
    if (!commit[role].startsWith(who) || !/^\d+ [+-]\d{4}$/.test(when)) return `its ${role} is not ${author.name}`;
    if (!isOfNow(when, now)) return `the date of its ${role} is not of the time of the task`;
  }
  const message = commit.message.trimEnd();
  if (!message.endsWith(`\n\n${trailer}`)) return `it does not end with the trailer ${trailer}`;
  return forbiddenWords(message.slice(0, -trailer.length));
}

function isOfNow(when: string, now: number): boolean {
  const [seconds = '', zone = ''] = when.split(' ');
  const at = Number(seconds) * 1_000;
  return /^[+-](0\d|1[0-4])[0-5]\d$/.test(zone) && at >= now - PAST_MS && at <= now + FUTURE_MS;
}
