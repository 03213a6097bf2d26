import type { Context } from './context.ts';
import { observeRefs } from './model/index.ts';

/** What a crash may have cut off: ref updates git has and nobody was told of, intents of merges that never moved the branch. */
export async function recover(ctx: Context): Promise<void> {
  for (const repo of ctx.store.repositories.find()) {
    await ctx.locks.run(repo.id, async () => {
      const pusher = ctx.store.users.get(repo.pusherId ?? repo.ownerId)!;
      await observeRefs(ctx, repo, pusher);
      for (const pull of ctx.store.pulls.find({ repoId: repo.id })) {
        if (pull.mergeIntent !== null) ctx.store.pulls.update(pull.id, { mergeIntent: null });
      }
    });
  }
}
