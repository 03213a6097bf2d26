import type { ConversationFacts } from '#lib/forge';
import { spokenIn } from '../intake/command-line.ts';
import { putMark } from '../mirror/listings.ts';
import { putTold, saidIn, wasTold } from '../mirror/told.ts';
import { alone, markOf, type Round } from './round.ts';
import { givenUp } from './stuck.ts';

/** Most comments that one round reads: thirty requests. */
const COMMENTS_LIMIT = 3_000;

/**
 * Takes commands that were said in comments and that no delivery told. Before the Repository was made nobody listened here; and of a comment
 * that was edited nobody knows what it said when it was written, so it commands nothing.
 */
export async function followComments(round: Round): Promise<void> {
  const { forge, repo, repository, conductor, key, found } = round;
  const { etag, mark } = markOf(round, 'comments');
  const made = new Date(repository.metadata.creationTimestamp ?? 0).toISOString();
  const listing = await forge.listComments(repo, {
    limit: COMMENTS_LIMIT,
    since: mark ?? made,
    ...(etag === undefined ? {} : { etag }),
  });
  if (listing.notModified) return;
  if (!listing.complete)
    found.refused.push(
      `More than ${COMMENTS_LIMIT} comments were written since the last listing; a command in an older one is not known, so give it again.`,
    );
  const comments = listing.items.toSorted((a, b) => a.id - b.id);
  let whole = true;
  for (const comment of comments) if (isCommand(comment, made) && !(await takeCommand(round, comment))) whole = false;
  // What could not be taken is read again.
  if (!whole) return;
  const newest = comments.map(({ updatedAt }) => updatedAt).toSorted();
  const next = { etag: listing.etag, mark: newest.at(-1) ?? mark };
  await putMark(conductor.log.pool, key, 'comments', next, conductor.now());
}

function isCommand({ body, createdAt, updatedAt }: ConversationFacts, since: string): boolean {
  return spokenIn(body) !== null && createdAt === updatedAt && Date.parse(createdAt) >= Date.parse(since);
}

/** Whether nothing of it is left to try. */
async function takeCommand(round: Round, comment: ConversationFacts): Promise<boolean> {
  const { conductor, key, found } = round;
  const { pool } = conductor.log;
  const { id, number, createdAt: at } = comment;
  const deed = saidIn(id);
  if (await wasTold(pool, key, number, deed, at)) return true;
  found.missed(at, `the command in a comment on #${number}`);
  const failure = await alone(round, () => hear(round, comment), `The command in a comment on #${number}: `);
  if (failure === null) await putTold(pool, key, number, deed, at);
  const what = `${comment.author.login} said ${spokenIn(comment.body)!.said} on #${number}`;
  return failure === null || givenUp(round, { number, deed, at, what }, failure);
}

/** As a delivery would tell it: of both, whichever comes first is taken. */
async function hear({ repository, commands, key, repo, found }: Round, comment: ConversationFacts): Promise<void> {
  const { number, onPullRequest, ...facts } = comment;
  const update = {
    kind: 'comment',
    event: 'issue_comment',
    action: 'created',
    repositoryId: key.id,
    owner: repo.owner,
    repository: repo.name,
    actor: comment.author,
    installationId: null,
    updatedAt: comment.updatedAt,
    number,
    onPullRequest,
    facts,
  } as const;
  found.taken.push(await commands.take(repository, update, `comment-${comment.id}`));
}
