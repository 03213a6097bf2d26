import type { Context } from '../context.ts';
import type { Commit } from '../git/index.ts';
import type { Actor } from '../model/index.ts';
import type { Meter } from '../rest/index.ts';
import type * as rows from '../store/index.ts';

/** What every resolver is given besides its object and arguments. */
export interface GraphRequest {
  readonly ctx: Context;
  readonly actor: Actor;
  readonly meter: Meter;
}

export type Args = Readonly<Record<string, unknown>>;
/** How the fields of one GraphQL type are read from its node. A field that is not listed is not served. */
export type Fields<Node> = Readonly<Record<string, (node: Node, args: Args, request: GraphRequest) => unknown>>;

export interface RepositoryNode {
  readonly __typename: 'Repository';
  readonly repo: rows.RepositoryRow;
}
export interface PullNode {
  readonly __typename: 'PullRequest';
  readonly repo: rows.RepositoryRow;
  readonly pull: rows.PullRow;
}
export interface IssueNode {
  readonly __typename: 'Issue';
  readonly repo: rows.RepositoryRow;
  readonly issue: rows.IssueRow;
}
export interface ReviewNode {
  readonly __typename: 'PullRequestReview';
  readonly repo: rows.RepositoryRow;
  readonly pull: rows.PullRow;
  readonly review: rows.ReviewRow;
}
export interface ThreadNode {
  readonly __typename: 'PullRequestReviewThread';
  readonly repo: rows.RepositoryRow;
  readonly pull: rows.PullRow;
  readonly thread: rows.ThreadRow;
}
export interface ReviewCommentNode {
  readonly __typename: 'PullRequestReviewComment';
  readonly repo: rows.RepositoryRow;
  readonly pull: rows.PullRow;
  readonly comment: rows.ReviewCommentRow;
}
export interface CommitNode {
  readonly __typename: 'Commit';
  readonly repo: rows.RepositoryRow;
  readonly commit: Commit;
}
export interface UserNode {
  readonly __typename: 'User' | 'Bot' | 'Organization';
  readonly user: rows.UserRow;
}

export const repositoryNode = (repo: rows.RepositoryRow): RepositoryNode => ({ __typename: 'Repository', repo });
export const pullNode = (repo: rows.RepositoryRow, pull: rows.PullRow): PullNode => ({
  __typename: 'PullRequest',
  repo,
  pull,
});
export const issueNode = (repo: rows.RepositoryRow, issue: rows.IssueRow): IssueNode => ({
  __typename: 'Issue',
  repo,
  issue,
});
export const threadNode = (repo: rows.RepositoryRow, pull: rows.PullRow, thread: rows.ThreadRow): ThreadNode => ({
  __typename: 'PullRequestReviewThread',
  repo,
  pull,
  thread,
});

export const userNode = (user: rows.UserRow): UserNode => ({ __typename: user.type, user });

export function userById({ ctx }: GraphRequest, id: number | null): UserNode | null {
  const user = id === null ? undefined : ctx.store.users.get(id);
  return user === undefined ? null : userNode(user);
}

/** The commit of that id, or null if this repository does not have it. */
export async function commitNode(
  { ctx }: GraphRequest,
  repo: rows.RepositoryRow,
  sha: string | null,
): Promise<CommitNode | null> {
  const git = ctx.git(repo);
  if (sha === null || (await git.object(sha))?.type !== 'commit') return null;
  return { __typename: 'Commit', repo, commit: await git.commit(sha) };
}
