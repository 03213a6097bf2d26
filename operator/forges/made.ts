import { ForgeError, type PullRequestSummary } from '#lib/forge';

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
