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
  readonly message: string;
}

/** Reads what `git rev-list --header` prints. */
export function parseCommits(listing: string): RawCommit[] {
  return listing
    .split('\0')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => {
      const end = entry.indexOf('\n\n');
      const [sha = '', ...lines] = (end < 0 ? entry : entry.slice(0, end)).split('\n');
      const of = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
      const message = end < 0 ? '' : entry.slice(end + 2).replaceAll(/^ {4}/gm, '');
      return { sha, author: of('author'), committer: of('committer'), message };
    });
}

/** Why a commit may not leave under the task's name, in words for who made it; undefined where it may. */
export function commitFault(commit: RawCommit, { author, task }: CommitMarks): string | undefined {
  const trailer = `Rig-Task: ${task}`;
  const who = `${author.name} <${author.email}> `;
  for (const role of ['author', 'committer'] as const)
    if (!commit[role].startsWith(who) || !/^\d+ [+-]\d{4}$/.test(commit[role].slice(who.length)))
      return `its ${role} is not ${author.name}`;
  const message = commit.message.trimEnd();
  if (!message.endsWith(`\n\n${trailer}`)) return `it does not end with the trailer ${trailer}`;
  return forbiddenWords(message.slice(0, -trailer.length));
}
