import type { EffectRow } from '#lib/events';
import { type Forge, ForgeError, type MergeResult, type PullRequestSummary, type RepositoryName } from '#lib/forge';

/** What is gone needs no closing. */
export async function closed(closing: Promise<unknown>): Promise<void> {
  await closing.catch((error: unknown) => {
    if (!(error instanceof ForgeError) || error.code !== 'NotFound') throw error;
  });
}

/** Another of the branch exists: somebody opened it before us, and it is the one. */
export async function existing(
  error: unknown,
  search: () => Promise<PullRequestSummary | null>,
): Promise<PullRequestSummary> {
  if (!(error instanceof ForgeError) || error.code !== 'Conflict') throw error;
  const found = await search();
  if (found === null) throw error;
  return found;
}

/** What is kept of an issue or a pull request that was made. */
export function numbered({ number, url }: Pick<PullRequestSummary, 'number' | 'url'>): { number: number; url: string } {
  return { number, url };
}

/** What was found, or undefined where nothing was. */
export function optional<T, O>(found: T | null, map: (found: T) => O): O | undefined {
  return found === null ? undefined : map(found);
}

/** The merge of a pull request at this head, where there is one. */
export async function mergedAt(
  forge: Pick<Forge, 'pullRequest'>,
  repo: RepositoryName,
  { number, sha }: { readonly number: number; readonly sha: string },
): Promise<MergeResult | undefined> {
  const pull = await forge.pullRequest(repo, number, sha);
  return pull.state === 'merged' && pull.mergeSHA !== null ? { merged: true, sha: pull.mergeSHA } : undefined;
}

/** A moment before the effect's row was made: clocks of forge and database differ a little. */
export function since({ createdAt }: Pick<EffectRow, 'createdAt'>): string {
  return new Date(createdAt.getTime() - 120_000).toISOString();
}
