import type { Context } from '../context.ts';
import type { RepositoryRow, UserRow } from '../store/index.ts';
import { observeRefs } from './pushes.ts';

/** How the default branch here and the source's branch of that name stand: `forwarded` from behind it, or left as it is. */
export interface Followed {
  readonly branch: string;
  readonly state: 'same' | 'ahead' | 'forwarded' | 'diverged' | 'unrelated';
  /** The branch here before, and at the source. */
  readonly from: string;
  readonly to: string;
}

/**
 * Moves the default branch to where the source's is, when nothing here is lost by it, and tells it as a push of `pusher`. Rules for pushes do not
 * hold for it: the machine's own repository is what this one was made from. Throws ImportFailed where the source has no such branch.
 */
export function followSource(ctx: Context, repo: RepositoryRow, pusher: UserRow, source: string): Promise<Followed> {
  return ctx.locks.run(repo.id, async () => {
    const git = ctx.git(repo);
    const branch = repo.defaultBranch;
    const to = await git.fetchBranch(source, branch);
    const from = (await git.branch(branch))!;
    const followed = (state: Followed['state']): Followed => ({ branch, state, from, to });
    if (from === to) return followed('same');
    if (await git.isAncestor(to, from)) return followed('ahead');
    if (!(await git.isAncestor(from, to))) {
      return followed((await git.mergeBase(from, to)) === null ? 'unrelated' : 'diverged');
    }
    ctx.store.repositories.update(repo.id, { pusherId: pusher.id });
    await git.updateRef(`refs/heads/${branch}`, to, from);
    await observeRefs(ctx, repo, pusher);
    return followed('forwarded');
  });
}
