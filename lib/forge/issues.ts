import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import type { CommentFacts, ForgeIssueFacts } from './facts.ts';
import { listIssueEvents } from './history.ts';
import { list, PAGE, search, updatedBefore } from './listing.ts';
import { checkNumber, checkRepository } from './names.ts';
import type { Forge } from './port.ts';
import { object, type Untrusted } from './read.ts';
import { commentOf, conversationOf, isPullRequest, issueOf } from './rest.ts';
import { readEditors } from './states.ts';

type Issues = Pick<
  Forge,
  | 'issue'
  | 'listIssues'
  | 'listIssueEvents'
  | 'listComments'
  | 'issueEditors'
  | 'createIssue'
  | 'findIssueByMarker'
  | 'closeIssue'
  | 'reopenIssue'
  | 'comment'
  | 'findCommentByMarker'
>;

/** Issues and the conversation below them. */
export function issues(client: Client, whoami: Forge['whoami']): Issues {
  return {
    issue: (repo, number) =>
      client.read(async (octokit) => {
        const where = { ...checkRepository(repo), issue_number: checkNumber(number) };
        const { data } = await octokit.rest.issues.get(where);
        if (isPullRequest(object(data, 'issue')))
          throw new ForgeError('NotFound', `#${number} is a pull request, not an issue.`);
        return issueOf(data);
      }),
    listIssues: (repo, options = {}) => {
      const where = {
        ...checkRepository(repo),
        state: options.state ?? 'all',
        sort: 'updated',
        direction: 'desc',
        per_page: PAGE,
      } as const;
      // Asked for without `since`, the first page has the same address and ETag however much is known already.
      return list(
        client,
        (octokit, headers) => octokit.paginate.iterator(octokit.rest.issues.listForRepo, { ...where, headers }),
        options,
        (item) => (isPullRequest(item) ? null : issueOf(item)),
        updatedBefore(options.since),
      );
    },
    listIssueEvents: (repo, options = {}) => listIssueEvents(client, repo, options),
    listComments: (repo, options = {}) => {
      const where = { ...checkRepository(repo), sort: 'updated', direction: 'desc', per_page: PAGE } as const;
      return list(
        client,
        (octokit, headers) => octokit.paginate.iterator(octokit.rest.issues.listCommentsForRepo, { ...where, headers }),
        options,
        conversationOf,
        updatedBefore(options.since),
      );
    },
    issueEditors: (repo, numbers) => readEditors(client, repo, numbers),
    createIssue: (repo, { title, body, labels = [] }) =>
      client.write(async (octokit) =>
        issueOf(
          (await octokit.rest.issues.create({ ...checkRepository(repo), title, body, labels: [...labels] })).data,
        ),
      ),
    findIssueByMarker: (repo, marker, since) => findIssue(client, whoami, repo, marker, since),
    closeIssue: (repo, number, reason = 'completed') =>
      client.write(async (octokit) => {
        const where = { ...checkRepository(repo), issue_number: checkNumber(number) };
        return issueOf((await octokit.rest.issues.update({ ...where, state: 'closed', state_reason: reason })).data);
      }),
    reopenIssue: (repo, number) =>
      client.write(async (octokit) => {
        const where = { ...checkRepository(repo), issue_number: checkNumber(number) };
        return issueOf((await octokit.rest.issues.update({ ...where, state: 'open' })).data);
      }),
    comment: (repo, number, body) =>
      client.write(async (octokit) => {
        const where = { ...checkRepository(repo), issue_number: checkNumber(number) };
        return commentOf((await octokit.rest.issues.createComment({ ...where, body })).data);
      }),
    findCommentByMarker: (repo, number, marker, since) => findComment(client, whoami, repo, number, marker, since),
  };
}

async function findIssue(
  client: Client,
  whoami: Forge['whoami'],
  repo: { owner: string; name: string },
  marker: string,
  since: string,
): Promise<ForgeIssueFacts | null> {
  const self = await whoami();
  const where = {
    ...checkRepository(repo),
    state: 'all',
    sort: 'created',
    direction: 'desc',
    per_page: PAGE,
    since,
  } as const;
  const parse = (item: Untrusted) => {
    const issue = isPullRequest(item) ? null : issueOf(item);
    return issue !== null && issue.author.id === self.id && issue.body.includes(marker) ? issue : null;
  };
  return search(client, (octokit) => octokit.paginate.iterator(octokit.rest.issues.listForRepo, where), parse);
}

async function findComment(
  client: Client,
  whoami: Forge['whoami'],
  repo: { owner: string; name: string },
  number: number,
  marker: string,
  since: string | undefined,
): Promise<CommentFacts | null> {
  const self = await whoami();
  const where = { ...checkRepository(repo), issue_number: checkNumber(number), per_page: PAGE, since };
  const parse = (item: Untrusted) => {
    const comment = commentOf(item);
    return comment.author.id === self.id && comment.body.includes(marker) ? comment : null;
  };
  return search(client, (octokit) => octokit.paginate.iterator(octokit.rest.issues.listComments, where), parse);
}
