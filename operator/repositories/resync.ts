import type { Repository } from '#crds';
import type { ForgeIssueFacts, RepositoryFacts } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import { knownUpdates, putIssues, putMark, putPulls, readMarks } from '../mirror/listings.ts';
import { atWork } from './at-work.ts';
import { followComments } from './comments.ts';
import { takeEdits } from './edits.ts';
import { Findings } from './findings.ts';
import { followActivity, followPulls } from './heads.ts';
import { readHistory, takeHistory } from './history.ts';
import { alone, type Listener, markOf, type Round, type Taker } from './round.ts';

/** What a resync works with beside the conductor. */
export interface Following {
  readonly intake: Taker;
  readonly commands: Listener;
  /** Told of every Issue that should be looked at again. */
  readonly onAffected: (issue: { namespace: string; name: string }) => void;
}

/**
 * Finds by listing what no delivery told, and does what a delivery would have: takes labels, edits and commands of who may write, notes who
 * pushed, reads the pull requests that changed, and pokes the Issues concerned. A fixed number of requests for a repository, free where
 * nothing happened, and one for each pull request at work that changed; never one for each issue. Safe to repeat: what was found is
 * marked as read last. What cannot be taken, or read, keeps only itself back. Rejects where nothing more can be done: with ForgeError where
 * the forge must not, or cannot, be asked any more.
 */
export async function resync(
  conductor: Conductor,
  following: Following,
  repository: Repository & KubeObject,
  facts: RepositoryFacts,
): Promise<Findings> {
  const { pool } = conductor.log;
  const key = { host: forgeHost(repository), id: facts.id };
  const { forge } = await conductor.forges.forRepository(repository);
  const namespace = repository.metadata.namespace!;
  const found = new Findings();
  const round: Round = {
    conductor,
    intake: following.intake,
    commands: following.commands,
    repository,
    key,
    repo: { owner: facts.owner, name: facts.name },
    forge,
    work: atWork(conductor.objects, namespace, repository.metadata.name!),
    marks: await readMarks(pool, key),
    found,
  };
  try {
    for (const listing of [followIssues, listPulls, followComments, followActivity, followPulls])
      await alone(round, () => listing(round));
  } finally {
    // What was found so far is in the mirror, and will not be found again.
    for (const name of round.work.concerned(found)) following.onAffected({ namespace, name });
  }
  return found;
}

/** The history is read first: the issues, listed after it, are then at least as new as all that it tells. */
async function followIssues(round: Round): Promise<void> {
  const history = await readHistory(round);
  const issues = await listIssues(round);
  const whole = [await takeHistory(round, history), await takeEdits(round, issues.items, history)];
  // What could not be taken is read again.
  if (whole.includes(false)) return;
  await history.done();
  await issues.done();
}

async function listIssues(round: Round): Promise<{ items: readonly ForgeIssueFacts[]; done: () => Promise<void> }> {
  const { forge, repo, conductor, key, found } = round;
  const { etag, mark } = markOf(round, 'issues');
  const listing = await forge.listIssues(repo, {
    ...(etag === undefined ? {} : { etag }),
    ...(mark === null ? {} : { since: mark }),
  });
  if (listing.notModified) return { items: [], done: async () => undefined };
  const { pool } = conductor.log;
  await noteChanged(round, 'forge_issues', listing.items, found.issues);
  await putIssues(pool, key, listing.items, conductor.now());
  const next = { etag: listing.etag, mark: newest(listing.items) ?? mark };
  return { items: listing.items, done: () => putMark(pool, key, 'issues', next, conductor.now()) };
}

async function listPulls(round: Round): Promise<void> {
  const { forge, repo, conductor, key, found } = round;
  const { etag, mark } = markOf(round, 'pulls');
  const listing = await forge.listPullRequests(repo, {
    ...(etag === undefined ? {} : { etag }),
    ...(mark === null ? {} : { since: mark }),
  });
  if (listing.notModified) return;
  const { pool } = conductor.log;
  await noteChanged(round, 'forge_pulls', listing.items, found.pulls);
  await putPulls(pool, key, listing.items, conductor.now());
  await putMark(pool, key, 'pulls', { etag: listing.etag, mark: newest(listing.items) ?? mark }, conductor.now());
}

async function noteChanged(
  { conductor, key }: Round,
  table: 'forge_issues' | 'forge_pulls',
  items: readonly { readonly number: number; readonly updatedAt: string }[],
  changed: Set<number>,
): Promise<void> {
  const numbers = items.map(({ number }) => number);
  const known = await knownUpdates(conductor.log.pool, key, table, numbers);
  for (const { number, updatedAt } of items) if (known.get(number) !== Date.parse(updatedAt)) changed.add(number);
}

function newest(items: readonly { readonly updatedAt: string }[]): string | null {
  return (
    items
      .map(({ updatedAt }) => updatedAt)
      .sort()
      .at(-1) ?? null
  );
}
