import { ForgeError } from './error.ts';
import type { ThreadFacts } from './facts.ts';
import { type CommentNode, commentsPage, type ThreadPage, threadOf } from './graphql.ts';
import { MORE_COMMENTS, THREAD_BY_ID } from './queries.ts';
import { object, objectOrNull, type Untrusted } from './read.ts';

export type Graphql = (query: string, variables: Record<string, unknown>) => Promise<unknown>;

const MAX_COMMENT_PAGES = 10;

/** One thread with all its comments. NotFound; Unavailable where it is too long to read to its end. */
export async function readThread(
  graphql: Graphql,
  id: string,
): Promise<{ facts: ThreadFacts; comments: CommentNode[] }> {
  const first = threadOf(await threadNode(graphql, THREAD_BY_ID, { id }));
  const { comments, whole } = await allComments(graphql, first);
  if (!whole)
    throw new ForgeError('Unavailable', 'The thread is too long or partly hidden; nothing can be said of all of it.');
  return { facts: { ...first.facts, comments: comments.map((comment) => comment.facts) }, comments };
}

/** The comments of a thread whose first page is known. */
export async function allComments(
  graphql: Graphql,
  { facts, comments: first }: ThreadPage,
): Promise<{ comments: CommentNode[]; whole: boolean }> {
  const comments = [...first.items];
  let at = first;
  for (let page = 1; at.whole && at.next !== null && page < MAX_COMMENT_PAGES; page++) {
    const thread = await threadNode(graphql, MORE_COMMENTS, { id: facts.id, after: at.next });
    at = commentsPage(thread.comments);
    comments.push(...at.items);
  }
  return { comments, whole: at.whole && at.next === null };
}

async function threadNode(graphql: Graphql, query: string, variables: Record<string, string>): Promise<Untrusted> {
  const node = objectOrNull(object(await graphql(query, variables), 'answer').node);
  if (node?.__typename !== 'PullRequestReviewThread')
    throw new ForgeError('NotFound', 'There is no such review thread.');
  return node;
}
