import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import type { RepositoryRow, UserRow } from '../store/index.ts';
import { observeRefs } from './pushes.ts';

/** How the default branch here and the source's branch of that name stand: `forwarded` from behind it, or left as it is; `gone` where the source has none. */
export interface Followed {
  readonly branch: string;
  readonly state: 'same' | 'ahead' | 'forwarded' | 'diverged' | 'gone' | 'unrelated';
  /** The branch here before, and at the source; where it is gone there, what is checked out. */
  readonly from: string;
  readonly to: string;
}

/**
 * Moves the default branch to where the source's is, when nothing here is lost by it, and tells it as a push of `pusher`. Rules for pushes do not
 * hold for it: the machine's own repository is what this one was made from. Throws ImportFailed where the source cannot be read, or has no commit.
 */
export function followSource(ctx: Context, repo: RepositoryRow, pusher: UserRow, source: string): Promise<Followed> {
  return ctx.locks.run(repo.id, async () => {
    const git = ctx.git(repo);
    const branch = repo.defaultBranch;
    const its = await git.fetchRef(source, `refs/heads/${branch}`);
    const to = its ?? (await git.fetchRef(source, 'HEAD'));
    if (to === null) throw new ForgeError('ImportFailed', `${source} has no commit.`);
    const from = (await git.branch(branch))!;
    const followed = (state: Followed['state']): Followed => ({ branch, state, from, to });
    // Also where the branch is gone: another repository under this name is to be told from this one whose branch has another name by now.
    if ((await git.mergeBase(from, to)) === null) return followed('unrelated');
    if (its === null) return followed('gone');
    if (from === to) return followed('same');
    if (await git.isAncestor(to, from)) return followed('ahead');
    if (!(await git.isAncestor(from, to))) return followed('diverged');
    ctx.store.repositories.update(repo.id, { pusherId: pusher.id });
    await git.updateRef(`refs/heads/${branch}`, to, from);
    await observeRefs(ctx, repo, pusher);
    return followed('forwarded');
  });
}
