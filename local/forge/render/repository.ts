import type { Context } from '../context.ts';
import { nodeId, type Permission, type RepositoryRow } from '../store/index.ts';
import { renderOrganization, renderUser } from './user.ts';

export const ownerOf = (ctx: Context, repo: RepositoryRow) => ctx.store.users.get(repo.ownerId)!;
export const fullName = (ctx: Context, repo: RepositoryRow) => `${ownerOf(ctx, repo).login}/${repo.name}`;
export const repositoryURL = (ctx: Context, repo: RepositoryRow) => `${ctx.api}/repos/${fullName(ctx, repo)}`;
export const repositoryPage = (ctx: Context, repo: RepositoryRow) => `${ctx.html}/${fullName(ctx, repo)}`;

const TEMPLATES = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const;

type TemplateName = keyof typeof TEMPLATES;

function templates(url: string): Record<TemplateName, string> {
  const entries = Object.entries(TEMPLATES).map(([name, suffix]) => [name, url + suffix]);
  return Object.fromEntries(entries) as Record<TemplateName, string>;
}

/** OpenAPI `minimal-repository`, inside commits' and checks' answers. */
export function renderMinimalRepository(ctx: Context, repo: RepositoryRow) {
  const url = repositoryURL(ctx, repo);
  return {
    id: repo.id,
    node_id: nodeId('repository', repo.id),
    name: repo.name,
    full_name: fullName(ctx, repo),
    private: repo.private,
    owner: renderUser(ctx, ownerOf(ctx, repo)),
    html_url: repositoryPage(ctx, repo),
    description: repo.description,
    fork: false,
    url,
    ...templates(url),
  };
}

/** OpenAPI `repository` and the webhooks' `repository`. */
export function renderRepository(ctx: Context, repo: RepositoryRow) {
  const page = repositoryPage(ctx, repo);
  const openIssues = ctx.store.issues.count({ repoId: repo.id, state: 'open' });
  return {
    ...renderMinimalRepository(ctx, repo),
    git_url: `${page.replace(/^https?:/, 'git:')}.git`,
    ssh_url: `git@${new URL(ctx.html).hostname}:${fullName(ctx, repo)}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    size: 0,
    default_branch: repo.defaultBranch,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: openIssues,
    open_issues_count: openIssues,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: false,
    has_discussions: false,
    archived: repo.archived ?? false,
    disabled: false,
    visibility: repo.private ? 'private' : 'public',
    allow_forking: false,
    web_commit_signoff_required: false,
    pushed_at: repo.pushedAt,
    created_at: repo.createdAt,
    updated_at: repo.updatedAt,
  };
}

/** OpenAPI `full-repository`: a repository as the one who asks sees it. */
export function renderFullRepository(ctx: Context, repo: RepositoryRow, permission: Permission) {
  const owner = ownerOf(ctx, repo);
  return {
    ...renderRepository(ctx, repo),
    ...(owner.type === 'Organization' ? { organization: renderUser(ctx, owner) } : {}),
    permissions: permissionFlags(permission),
    network_count: 0,
    subscribers_count: 0,
    ...mergeMethods(repo),
    allow_auto_merge: false,
    delete_branch_on_merge: false,
    allow_update_branch: false,
  };
}

/** Which ways to merge a repository offers. */
export const mergeMethods = ({ mergeMethods: ways = {} }: RepositoryRow) => ({
  allow_rebase_merge: ways.rebase ?? true,
  allow_squash_merge: ways.squash ?? true,
  allow_merge_commit: ways.merge ?? true,
});

const RANK: Record<Permission, number> = { none: 0, read: 1, triage: 2, write: 3, maintain: 4, admin: 5 };

/** Whether `have` includes `need`. */
export const allows = (have: Permission, need: Permission) => RANK[have] >= RANK[need];

export function permissionFlags(have: Permission) {
  return {
    admin: allows(have, 'admin'),
    maintain: allows(have, 'maintain'),
    push: allows(have, 'write'),
    triage: allows(have, 'triage'),
    pull: allows(have, 'read'),
  };
}

/** The part of a payload that says where it comes from. */
export function renderOrigin(ctx: Context, repo: RepositoryRow) {
  const owner = ownerOf(ctx, repo);
  return {
    repository: renderRepository(ctx, repo),
    ...(owner.type === 'Organization' ? { organization: renderOrganization(ctx, owner) } : {}),
  };
}
