import { can, needUnarchived } from '../../model/index.ts';
import { decodeNodeId, type RepositoryRow } from '../../store/index.ts';
import { refused } from '../connection.ts';
import {
  type Fields,
  type GraphRequest,
  issueNode,
  pullNode,
  repositoryNode,
  type ThreadNode,
  threadNode,
  userNode,
} from '../nodes.ts';
import { repositoryFor } from './repository.ts';

export const Query: Fields<undefined> = {
  viewer: (_, __, { actor }) => ({ __typename: 'User', user: actor.user }),
  user: (_, { login }, { ctx }) => {
    const user = ctx.store.users.first({ loginKey: String(login).toLowerCase() });
    if (user === undefined) throw refused('NOT_FOUND', `Could not resolve to a User with the login of '${login}'.`);
    return userNode(user);
  },
  repository: (_, { owner, name }, request) => repositoryFor(request, String(owner), String(name)),
  node: (_, { id }, request) => nodeById(request, String(id)),
  nodes: (_, { ids }, request) => (ids as string[]).map((id) => nodeById(request, id)),
  rateLimit: (_, __, { meter, actor }) => {
    const { limit, used, remaining, reset } = meter.state(actor, 'graphql');
    return { limit, used, remaining, resetAt: new Date(reset * 1000).toISOString(), cost: 1, nodeCount: 0 };
  },
};

type Found = { repoId: number } | undefined;

/** The object behind a global id, if the viewer may see its repository; else GitHub's NOT_FOUND. */
function nodeById(request: GraphRequest, id: string): unknown {
  const { store } = request.ctx;
  const unresolved = () => refused('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`);
  const repoOf = (row: Found) => {
    const repo = row && store.repositories.get(row.repoId);
    if (repo === undefined || !can(request.ctx, request.actor, repo, 'read')) throw unresolved();
    return repo;
  };
  const pullId = decodeNodeId('pull', id);
  if (pullId !== undefined) {
    const pull = store.pulls.get(pullId);
    return pullNode(repoOf(pull), pull!);
  }
  const threadId = decodeNodeId('thread', id);
  if (threadId !== undefined) return threadOf(request, threadId, repoOf);
  const issueId = decodeNodeId('issue', id);
  if (issueId !== undefined) {
    const issue = store.issues.get(issueId);
    return issueNode(repoOf(issue), issue!);
  }
  const repositoryId = decodeNodeId('repository', id);
  if (repositoryId !== undefined) return repositoryNode(repoOf({ repoId: repositoryId }));
  const commentId = decodeNodeId('reviewComment', id);
  if (commentId !== undefined) {
    const comment = store.reviewComments.get(commentId);
    const repo = repoOf(comment);
    return { __typename: 'PullRequestReviewComment', repo, pull: store.pulls.get(comment!.pullId), comment };
  }
  throw unresolved();
}

function threadOf(request: GraphRequest, id: number, repoOf: (row: Found) => ThreadNode['repo']): ThreadNode {
  const thread = request.ctx.store.threads.get(id);
  const repo = repoOf(thread);
  return threadNode(repo, request.ctx.store.pulls.get(thread!.pullId)!, thread!);
}

/** The node of a mutation's input, which must be of that type. */
export function inputNode<T>(request: GraphRequest, id: unknown, type: string): T {
  const node = nodeById(request, String(id)) as { __typename: string };
  if (node.__typename !== type)
    throw refused('NOT_FOUND', `Could not resolve to ${type} node with the global id of '${id}'.`);
  const { repo } = node as { repo?: RepositoryRow };
  if (repo !== undefined) needUnarchived(repo);
  return node as T;
}
