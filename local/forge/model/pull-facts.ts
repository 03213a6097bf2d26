import type { Context } from '../context.ts';
import { type GitRepository, mergeTree, moveLine } from '../git/index.ts';
import type { MergeState } from '../render/index.ts';
import type { PullRow, PullStats, RepositoryRow, ThreadRow } from '../store/index.ts';
import { latestRuns } from './checks.ts';
import { unmetOf } from './rules.ts';
import { combinedState, latestStatuses } from './statuses.ts';

/** What a pull request from `head` into `base` (commits) would contain. */
export async function computeStats(git: GitRepository, base: string, head: string): Promise<PullStats> {
  const mergeBase = (await git.mergeBase(base, head)) ?? base;
  const [files, commits] = await Promise.all([git.diff(mergeBase, head), git.count(`${base}..${head}`)]);
  return {
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changedFiles: files.length,
    commits,
    mergeBase,
  };
}

/**
 * Whether head and the base branch's tip merge cleanly, found by merging them; remembered for exactly these two commits. Null when the
 * base branch is gone.
 */
export async function mergeability(ctx: Context, repo: RepositoryRow, pull: PullRow): Promise<boolean | null> {
  const git = ctx.git(repo);
  const base = await git.branch(pull.baseRef);
  if (base === null) return null;
  const known = pull.mergeability;
  if (known !== null && known.base === base && known.head === pull.headSha) return known.clean;
  const { clean } = await mergeTree(git.dir, base, pull.headSha);
  ctx.store.pulls.update(pull.id, { mergeability: { base, head: pull.headSha, clean } });
  return clean;
}

/** GitHub's `mergeable` and `mergeable_state` of an open pull request; a closed one is not computed. */
export async function mergeState(ctx: Context, repo: RepositoryRow, pull: PullRow): Promise<MergeState> {
  if (ctx.store.issues.get(pull.issueId)?.state === 'closed') return { mergeable: null, state: 'unknown' };
  const mergeable = await mergeability(ctx, repo, pull);
  if (mergeable === null) return { mergeable, state: 'unknown' };
  if (!mergeable) return { mergeable, state: 'dirty' };
  if (pull.draft) return { mergeable, state: 'draft' };
  const unmet = await unmetOf(ctx, repo, pull);
  if (unmet.some(({ behind }) => !behind)) return { mergeable, state: 'blocked' };
  if (unmet.length > 0) return { mergeable, state: 'behind' };
  return { mergeable, state: allGreen(ctx, repo, pull.headSha) ? 'clean' : 'unstable' };
}

function allGreen(ctx: Context, repo: RepositoryRow, sha: string): boolean {
  const runs = latestRuns(ctx.store.checkRuns.find({ repoId: repo.id, headSha: sha }));
  const passed = runs.every((run) => ['success', 'neutral', 'skipped'].includes(run.conclusion ?? ''));
  const statuses = latestStatuses(ctx, repo, sha);
  return passed && (statuses.length === 0 || combinedState(statuses) === 'success');
}

export type ThreadMove = Pick<ThreadRow, 'id' | 'line' | 'startLine' | 'commitId'>;

/**
 * Where each thread of a pull request stands at its new head. A thread whose line was changed is outdated and stays so; threads on the old
 * side of the diff keep their place.
 */
export async function moveThreads(
  git: GitRepository,
  threads: readonly ThreadRow[],
  head: string,
): Promise<ThreadMove[]> {
  const moved: ThreadMove[] = [];
  for (const thread of threads) {
    if (thread.line === null || thread.commitId === head) continue;
    if (thread.side === 'LEFT') {
      moved.push({ id: thread.id, line: thread.line, startLine: thread.startLine, commitId: head });
      continue;
    }
    const files = await git.diff(thread.commitId, head);
    const file = files.find((each) => (each.previousFilename ?? each.filename) === thread.path);
    const patch = file?.patch ?? null;
    const gone = file?.status === 'removed' || file?.status === 'renamed';
    const line = gone ? null : moveLine(patch, thread.line);
    const startLine = line === null || thread.startLine === null ? null : moveLine(patch, thread.startLine);
    moved.push({ id: thread.id, line, startLine, commitId: head });
  }
  return moved;
}
