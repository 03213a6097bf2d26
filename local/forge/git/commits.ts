import { runGit } from './run.ts';

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
}

const FORMAT = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');

/** Commits that `revisions` selects (`a..b`, `--no-walk sha`, …), newest first unless `--reverse` is among them. */
export async function listCommits(gitDir: string, revisions: readonly string[]): Promise<Commit[]> {
  const { stdout } = await runGit(gitDir, ['log', '-z', `--format=tformat:%x01${FORMAT}`, ...revisions, '--']);
  return stdout
    .toString()
    .split('\x01')
    .filter((record) => record !== '')
    .map(parseCommit);
}

function parseCommit(record: string): Commit {
  const field = record.split('\0');
  const at = (index: number) => field[index] ?? '';
  return {
    sha: at(0),
    tree: at(1),
    parents: at(2).split(' ').filter(Boolean),
    author: { name: at(3), email: at(4), date: utc(at(5)) },
    committer: { name: at(6), email: at(7), date: utc(at(8)) },
    message: at(9).replace(/\n+$/, ''),
  };
}

const utc = (date: string) => `${new Date(date).toISOString().slice(0, 19)}Z`;
