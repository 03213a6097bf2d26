import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import { PAGE, search } from './listing.ts';
import { checkNumber, checkRepository, checkSHA } from './names.ts';
import type { Forge } from './port.ts';
import { REOPEN_THREAD, REPLY_TO_THREAD, RESOLVE_THREAD } from './queries.ts';
import { line, lineOrNull, object } from './read.ts';
import { reviewOf } from './rest.ts';
import { type Graphql, readThread } from './threads.ts';

type Reviews = Pick<
  Forge,
  | 'createReview'
  | 'findReviewByMarker'
  | 'thread'
  | 'resolveThread'
  | 'reopenThread'
  | 'replyToThread'
  | 'findThreadReplyByMarker'
>;

/** Reviews of pull requests and their threads. */
export function reviews(client: Client, whoami: Forge['whoami']): Reviews {
  const setResolved = (query: string, field: string, resolved: boolean) => (id: string) =>
    client.write(async (octokit) => {
      const thread = object(await mutate(octokit.graphql, query, field, 'thread', { id: threadId(id) }), 'thread');
      if (thread.isResolved !== resolved)
        throw new ForgeError('Malformed', 'The forge did not change the thread as asked.');
    });
  return {
    createReview: (repo, number, { commitSHA, event, body, comments }) =>
      client.write(async (octokit) => {
        const where = { ...checkRepository(repo), pull_number: checkNumber(number), commit_id: checkSHA(commitSHA) };
        const lines = comments.map((comment) => ({ ...comment, side: 'RIGHT' }));
        return reviewOf((await octokit.rest.pulls.createReview({ ...where, event, body, comments: lines })).data);
      }),
    findReviewByMarker: async (repo, number, marker) => {
      const self = await whoami();
      const where = { ...checkRepository(repo), pull_number: checkNumber(number), per_page: PAGE };
      const pages = (octokit: Parameters<Parameters<Client['read']>[0]>[0]) =>
        octokit.paginate.iterator(octokit.rest.pulls.listReviews, where);
      return search(client, pages, (item) => {
        const review = reviewOf(item);
        return review.author.id === self.id && review.body.includes(marker) ? review : null;
      });
    },
    thread: (id) => client.read(async (octokit) => (await readThread(octokit.graphql, threadId(id))).facts),
    resolveThread: setResolved(RESOLVE_THREAD, 'resolveReviewThread', true),
    reopenThread: setResolved(REOPEN_THREAD, 'unresolveReviewThread', false),
    replyToThread: (id, body) =>
      client.write(async (octokit) => {
        const variables = { id: threadId(id), body };
        return replyOf(
          await mutate(octokit.graphql, REPLY_TO_THREAD, 'addPullRequestReviewThreadReply', 'comment', variables),
        );
      }),
    findThreadReplyByMarker: async (id, marker) => {
      const self = await whoami();
      const { comments } = await client.read((octokit) => readThread(octokit.graphql, threadId(id)));
      const own = comments.find(({ facts }) => facts.author.id === self.id && facts.body.includes(marker));
      return own === undefined ? null : { id: own.id, url: own.url };
    },
  };
}

function threadId(id: string): string {
  return line(id, 'thread id', 256);
}

async function mutate(
  graphql: Graphql,
  query: string,
  field: string,
  part: string,
  variables: Record<string, string>,
): Promise<unknown> {
  const answer = object(await graphql(query, variables), 'answer');
  return object(answer[field], field)[part];
}

function replyOf(value: unknown): { id: string; url: string } {
  const comment = object(value, 'reply');
  return { id: line(comment.id, 'reply id', 256), url: lineOrNull(comment.url, 2048) ?? '' };
}
