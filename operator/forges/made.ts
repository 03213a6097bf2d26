import type { EffectRow } from '#lib/events';
import {
  type Forge,
  ForgeError,
  type ForgeIssueFacts,
  type MergeResult,
  type PullRequestSummary,
  type RepositoryName,
} from '#lib/forge';

/** What is asked of a thing, or null where it is gone: that needs no closing. */
export async function unlessGone<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof ForgeError && error.code === 'NotFound') return null;
    throw error;
  });
}

/** As {@link unlessGone}, and where the forge refuses it because it is not open any more: what is merged needs no closing either. */
export async function unlessEnded<T>(asked: Promise<T>, isOpen: () => Promise<boolean>): Promise<T | null> {
  return unlessGone(asked).catch(async (error: unknown) => {
    if (error instanceof ForgeError && error.code === 'Validation' && !(await isOpen())) return null;
    throw error;
  });
}

/** Whether a pull request is there and open. */
export async function isOpen(
  forge: Pick<Forge, 'pullRequest'>,
  repo: RepositoryName,
  number: number,
): Promise<boolean> {
  return (await unlessGone(forge.pullRequest(repo, number)))?.state === 'open';
}

/** The pull request where it has this text. One whose text the forge keeps differently is never found, and described again. */
export async function describedSo(
  forge: Pick<Forge, 'pullRequest'>,
  repo: RepositoryName,
  number: number,
  { title, body }: { readonly title: string; readonly body: string },
): Promise<PullRequestSummary | null> {
  const pull = await forge.pullRequest(repo, number);
  return pull.title === title && pull.body === body ? pull : null;
}

/** The issue where it is in this state. */
export async function issueIn(
  forge: Pick<Forge, 'issue'>,
  repo: RepositoryName,
  number: number,
  state: ForgeIssueFacts['state'],
): Promise<ForgeIssueFacts | null> {
  const issue = await forge.issue(repo, number);
  return issue.state === state ? issue : null;
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
