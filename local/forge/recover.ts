import { rm } from 'node:fs/promises';
import type { Context } from './context.ts';
import { observeRefs } from './model/index.ts';
import type { RepositoryRow } from './store/index.ts';

const DELIVERIES_KEPT_MS = 3 * 24 * 3600 * 1000;

/**
 * What a crash may have cut off: ref updates that git has and nobody was told of, merges whose branch never moved, refs/pull that lag
 * behind, objects of deleted repositories. Also forgets deliveries after three days, as GitHub does.
 */
export async function recover(ctx: Context): Promise<void> {
  for (const repo of ctx.store.repositories.find()) {
    const work = repo.deletedAt === undefined ? recoverRepository : removeObjects;
    await ctx.locks.run(repo.id, () => work(ctx, repo));
  }
  const old = ctx.store.deliveries.find({ pendingHookId: null, dueAt: { lt: ctx.clock() - DELIVERIES_KEPT_MS } });
  ctx.store.transaction(() => {
    for (const delivery of old) ctx.store.deliveries.delete(delivery.id);
  });
}

/** Of a deleted repository only the row is kept. */
async function removeObjects(ctx: Context, repo: RepositoryRow): Promise<void> {
  await rm(ctx.git(repo).dir, { recursive: true, force: true });
}

async function recoverRepository(ctx: Context, repo: RepositoryRow): Promise<void> {
  const git = ctx.git(repo);
  await observeRefs(ctx, repo, ctx.store.users.get(repo.pusherId ?? repo.ownerId)!);
  const published = await git.refs('refs/pull');
  for (const pull of ctx.store.pulls.find({ repoId: repo.id })) {
    if (pull.mergeIntent !== null) ctx.store.pulls.update(pull.id, { mergeIntent: null });
    const ref = `refs/pull/${pull.number}/head`;
    if (published.get(ref) !== pull.headSha) await git.updateRef(ref, pull.headSha);
  }
}
