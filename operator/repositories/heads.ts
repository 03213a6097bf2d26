import type { ActivityFacts } from '#lib/forge';
import { readPullRequest } from '../issues/merge.ts';
import { listedStates, putListedState, putMark } from '../mirror/listings.ts';
import { alone, markOf, type Round } from './round.ts';

/** Moves since the last look, so that only a rig which was away for weeks comes near it: who is left out could approve what they pushed. */
const ACTIVITY_LIMIT = 100_000;
const BRANCH = /^refs\/heads\/(?<name>.+)$/;

/**
 * Notes who moved which branch to which commit: the gate asks it of every head that did not come through the gateway, and four eyes of every commit.
 * Rejects where the forge shows not all since the last look, which the next one then begins at again.
 */
export async function followActivity(round: Round): Promise<void> {
  const { forge, repo, repository, conductor, key } = round;
  const { etag, mark } = markOf(round, 'activity');
  const since = repository.metadata.creationTimestamp;
  const listing = await forge.listActivity(repo, {
    limit: ACTIVITY_LIMIT,
    ...(etag === undefined ? {} : { etag }),
    ...(mark === null ? {} : { after: Number(mark) }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
  });
  if (listing.notModified) return;
  const moves = listing.items.toSorted((a, b) => a.id - b.id);
  for (const move of moves) await noteMove(round, move);
  if (!listing.complete)
    throw new Error(
      `Branches moved more than ${moves.length} times, so not every push since the last look is known; it is read again.`,
    );
  const newest = moves.at(-1)?.id ?? mark;
  const next = { etag: listing.etag, mark: newest === null ? null : String(newest) };
  await putMark(conductor.log.pool, key, 'activity', next, conductor.now());
}

async function noteMove({ conductor, key, found, repository }: Round, move: ActivityFacts): Promise<void> {
  const { mirror, log } = conductor;
  const branch = BRANCH.exec(move.ref)?.groups?.name;
  if (branch === undefined || move.after === null) return;
  const known = await mirror.pusherOf(log.pool, key, move.after, branch);
  await mirror.putPush(log.pool, key, move.after, branch, move.actor, move.at, move.before);
  if (branch === repository.spec.defaultBranch) await mirror.putTip(log.pool, key, branch, move.after, move.at);
  if (known.known) return;
  found.missed(move.at, `the push of ${move.after.slice(0, 8)} to ${branch}`);
  found.branches.add(branch);
  found.baseMoved ||= branch === repository.spec.defaultBranch;
}

/**
 * Reads those pull requests whole that the rig works on and that stand otherwise than when they were last read here: one query tells for
 * all of them, checks, reviews and threads included.
 */
export async function followPulls(round: Round): Promise<void> {
  const { forge, repo, conductor, key, work, found, repository } = round;
  if (work.pulls.length === 0) return;
  const { pool } = conductor.log;
  const states = await forge.pullRequestStates(repo, work.pulls);
  const known = await listedStates(pool, key, work.pulls);
  for (const [number, state] of states) {
    if (known.get(number) === state.text) continue;
    const read = async () => {
      await readPullRequest(conductor, repository, number, state.headSHA);
      await putListedState(pool, key, number, state.text);
      found.pulls.add(number);
    };
    await alone(round, read, `Pull request #${number}: `);
  }
}
