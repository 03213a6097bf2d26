import { type Commit, listCommits, type Person } from './commits.ts';
import { runGit } from './run.ts';

export interface MergeTree {
  readonly clean: boolean;
  readonly tree: string;
}

/** A real three-way merge of two commits, without a work tree. `clean` is false on any conflict. */
export async function mergeTree(gitDir: string, ours: string, theirs: string): Promise<MergeTree> {
  const args = ['merge-tree', '--write-tree', '--no-messages', '--allow-unrelated-histories', ours, theirs];
  const { code, stdout } = await runGit(gitDir, args, { accept: [0, 1] });
  return { clean: code === 0, tree: stdout.toString().split('\n', 1)[0] ?? '' };
}

/** Writes a commit object and returns its id. */
export async function commitTree(
  gitDir: string,
  commit: { tree: string; parents: readonly string[]; message: string; author: Person; committer: Person },
): Promise<string> {
  const args = ['commit-tree', commit.tree, ...commit.parents.flatMap((parent) => ['-p', parent])];
  const { author, committer } = commit;
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: author.date,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: committer.date,
  };
  return (await runGit(gitDir, args, { input: `${commit.message}\n`, env })).stdout.toString().trim();
}

/** Replays the commits of `base..head` on `base`, merges left out. Returns the new tip, or null if one does not apply. */
export async function rebaseCommits(
  gitDir: string,
  base: string,
  head: string,
  committer: Person,
): Promise<string | null> {
  const commits = await listCommits(gitDir, ['--reverse', '--topo-order', '--no-merges', `${base}..${head}`]);
  let tip = base;
  for (const commit of commits) {
    const tree = await cherryPick(gitDir, tip, commit, committer);
    if (tree === null) return null;
    tip = await commitTree(gitDir, { ...commit, tree, parents: [tip], committer });
  }
  return tip;
}

/**
 * The tree of `commit` applied on `tip`. merge-tree of git before 2.40 cannot be told the merge base, so both sides are first given one:
 * two passing commits with the picked commit's parent as their only parent.
 */
async function cherryPick(gitDir: string, tip: string, commit: Commit, committer: Person): Promise<string | null> {
  const parents = commit.parents.slice(0, 1);
  const { stdout } = await runGit(gitDir, ['rev-parse', `${tip}^{tree}`]);
  const ends = { parents, message: 'pick', author: committer, committer };
  const ours = await commitTree(gitDir, { ...ends, tree: stdout.toString().trim() });
  const theirs = await commitTree(gitDir, { ...ends, tree: commit.tree });
  const merged = await mergeTree(gitDir, ours, theirs);
  return merged.clean ? merged.tree : null;
}
