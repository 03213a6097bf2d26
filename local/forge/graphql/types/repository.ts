import { can, findLabel, findRepository, movedFrom } from '../../model/index.ts';
import { fullName, ownerOf, permissionOf, repositoryPage } from '../../render/index.ts';
import { nodeId, type RepositoryRow } from '../../store/index.ts';
import { connect, refused } from '../connection.ts';
import {
  type Args,
  commitNode,
  type Fields,
  type GraphRequest,
  issueNode,
  pullNode,
  type RepositoryNode,
  userNode,
} from '../nodes.ts';
import { deploymentsOf } from './deployment.ts';

interface RefNode {
  readonly repo: RepositoryRow;
  /** Full, as in refs/heads/main. */
  readonly name: string;
  readonly oid: string;
}

export async function refNode({ ctx }: GraphRequest, repo: RepositoryRow, name: string): Promise<RefNode | null> {
  const oid = (await ctx.git(repo).refs(name)).get(name);
  return oid === undefined ? null : { repo, name, oid };
}

export const Repository: Fields<RepositoryNode> = {
  id: ({ repo }) => nodeId('repository', repo.id),
  databaseId: ({ repo }) => repo.id,
  name: ({ repo }) => repo.name,
  nameWithOwner: ({ repo }, _, { ctx }) => fullName(ctx, repo),
  owner: ({ repo }, _, { ctx }) => userNode(ownerOf(ctx, repo)),
  url: ({ repo }, _, { ctx }) => repositoryPage(ctx, repo),
  resourcePath: ({ repo }, _, { ctx }) => `/${fullName(ctx, repo)}`,
  description: ({ repo }) => repo.description,
  isPrivate: ({ repo }) => repo.private,
  isArchived: ({ repo }) => repo.archived ?? false,
  isDisabled: () => false,
  isFork: () => false,
  isEmpty: async ({ repo }, _, { ctx }) => (await ctx.git(repo).refs('refs/heads')).size === 0,
  createdAt: ({ repo }) => repo.createdAt,
  updatedAt: ({ repo }) => repo.updatedAt,
  pushedAt: ({ repo }) => repo.pushedAt,
  viewerPermission: ({ repo }, _, { ctx, actor }) => permissionOf(ctx, repo, actor.user.id).toUpperCase(),
  defaultBranchRef: ({ repo }, _, request) => refNode(request, repo, `refs/heads/${repo.defaultBranch}`),
  ref: ({ repo }, { qualifiedName }, request) => {
    const name = String(qualifiedName);
    return refNode(request, repo, name.startsWith('refs/') ? name : `refs/heads/${name}`);
  },
  object: async ({ repo }, { oid, expression }, request) => {
    const sha = await request.ctx.git(repo).commitOf(String(oid ?? expression));
    return commitNode(request, repo, sha);
  },
  label: ({ repo }, { name }, { ctx }) => {
    const label = findLabel(ctx, repo, String(name));
    return label === undefined ? null : { label, repo };
  },
  labels: ({ repo }, args, { ctx }) =>
    connect(ctx.store.labels.find({ repoId: repo.id }), args, (label) => ({ label, repo })),
  issue: ({ repo }, { number }, { ctx }) => {
    const issue = ctx.store.issues.first({ repoId: repo.id, number: Number(number) });
    if (issue === undefined || issue.isPull) throw unresolved('Issue', number);
    return issueNode(repo, issue);
  },
  issues: (node, args, request) =>
    connect(issuesOf(node, args, request, false), args, (issue) => issueNode(node.repo, issue)),
  deployments: ({ repo }, args, { ctx }) => deploymentsOf(ctx, repo, args),
  pullRequest: ({ repo }, { number }, { ctx }) => {
    const pull = ctx.store.pulls.first({ repoId: repo.id, number: Number(number) });
    if (pull === undefined) throw unresolved('PullRequest', number);
    return pullNode(repo, pull);
  },
  pullRequests: ({ repo }, args, { ctx }) => {
    const { states, headRefName, baseRefName } = args;
    const where = {
      repoId: repo.id,
      ...(headRefName == null ? {} : { headRef: String(headRefName) }),
      ...(baseRefName == null ? {} : { baseRef: String(baseRefName) }),
    };
    const wanted = states as string[] | null | undefined;
    const state = (pull: { mergedAt: string | null; issueId: number }) =>
      pull.mergedAt ? 'MERGED' : ctx.store.issues.get(pull.issueId)!.state.toUpperCase();
    const pulls = ctx.store.pulls.find(where).filter((pull) => wanted == null || wanted.includes(state(pull)));
    return connect(pulls, args, (pull) => pullNode(repo, pull));
  },
};

const unresolved = (type: string, number: unknown) =>
  refused('NOT_FOUND', `Could not resolve to ${type === 'Issue' ? 'an' : 'a'} ${type} with the number of ${number}.`);

function issuesOf({ repo }: RepositoryNode, args: Args, { ctx }: GraphRequest, isPull: boolean) {
  const states = args.states as string[] | null | undefined;
  const labels = args.labels as string[] | null | undefined;
  const ids = labels?.map((name) => findLabel(ctx, repo, name)?.id);
  return ctx.store.issues
    .find({ repoId: repo.id, isPull })
    .filter((issue) => states == null || states.includes(issue.state.toUpperCase()))
    .filter((issue) => ids === undefined || ids.some((id) => id !== undefined && issue.labelIds.includes(id)));
}

export const Ref: Fields<RefNode> = {
  id: ({ repo, name }) => nodeId('ref', `${repo.id}:${name}`),
  name: ({ name }) => name.split('/').slice(2).join('/'),
  prefix: ({ name }) => `${name.split('/').slice(0, 2).join('/')}/`,
  target: ({ repo, oid }, _, request) => commitNode(request, repo, oid),
  repository: ({ repo }) => ({ __typename: 'Repository', repo }),
  compare: async ({ repo, oid }, { headRef }, { ctx }): Promise<ComparisonNode> => {
    const head = await ctx.git(repo).commitOf(String(headRef));
    if (head === null) throw refused('NOT_FOUND', `Could not resolve head ref ${headRef}.`);
    return { repo, base: oid, head };
  },
};

interface ComparisonNode {
  readonly repo: RepositoryRow;
  readonly base: string;
  readonly head: string;
}

const ahead = ({ repo, base, head }: ComparisonNode, { ctx }: GraphRequest) => ctx.git(repo).count(`${base}..${head}`);
const behind = ({ repo, base, head }: ComparisonNode, { ctx }: GraphRequest) => ctx.git(repo).count(`${head}..${base}`);

export const Comparison: Fields<ComparisonNode> = {
  id: ({ repo, base, head }) => nodeId('ref', `${repo.id}:${base}...${head}`),
  aheadBy: (node, _, request) => ahead(node, request),
  behindBy: (node, _, request) => behind(node, request),
  status: async (node, _, request) => {
    const [more, less] = await Promise.all([ahead(node, request), behind(node, request)]);
    return more > 0 ? (less > 0 ? 'DIVERGED' : 'AHEAD') : less > 0 ? 'BEHIND' : 'IDENTICAL';
  },
  baseTarget: ({ repo, base }, _, request) => commitNode(request, repo, base),
  headTarget: ({ repo, head }, _, request) => commitNode(request, repo, head),
};

/** A repository the viewer may see, or null with GitHub's error at the field. */
export function repositoryFor({ ctx, actor }: GraphRequest, owner: string, name: string): RepositoryNode {
  const repo = findRepository(ctx, owner, name) ?? movedFrom(ctx, owner, name);
  if (repo === undefined || !can(ctx, actor, repo, 'read')) {
    throw refused('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`);
  }
  return { __typename: 'Repository', repo };
}
