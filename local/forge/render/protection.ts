import type { Context } from '../context.ts';
import { type ActivityRow, nodeId, type ProtectionRow, type RepositoryRow, type RulesetRow } from '../store/index.ts';
import { fullName, repositoryPage, repositoryURL } from './repository.ts';
import { renderApp, renderUser, renderUserById } from './user.ts';

const users = (ctx: Context, ids: readonly number[]) =>
  ids.map((id) => ctx.store.users.get(id)).filter((user) => user !== undefined);
const apps = (ctx: Context, ids: readonly number[]) =>
  ids
    .map((id) => ctx.store.apps.get(id))
    .filter((app) => app !== undefined)
    // Here, and here only, GitHub's schema wants a description.
    .map((app) => ({ ...renderApp(ctx, app), description: '' }));

/** OpenAPI `branch-protection` and `protected-branch`. What is not asked is absent. */
export function renderProtection(ctx: Context, repo: RepositoryRow, row: ProtectionRow) {
  const url = `${repositoryURL(ctx, repo)}/branches/${encodeURIComponent(row.branch)}/protection`;
  return {
    url,
    ...(row.checks === null ? {} : { required_status_checks: renderChecks(url, row.checks) }),
    ...(row.reviews === null ? {} : { required_pull_request_reviews: renderReviews(ctx, url, row.reviews) }),
    ...(row.restrictions === null ? {} : { restrictions: renderRestrictions(ctx, url, row.restrictions) }),
    required_signatures: { url: `${url}/required_signatures`, enabled: false },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: row.enforceAdmins },
    required_linear_history: { enabled: row.linear },
    allow_force_pushes: { enabled: row.allowForce },
    allow_deletions: { enabled: row.allowDeletions },
    block_creations: { enabled: row.blockCreations },
    required_conversation_resolution: { enabled: row.conversations },
    lock_branch: { enabled: row.lock },
    allow_fork_syncing: { enabled: false },
  };
}

function renderChecks(url: string, { strict, checks }: NonNullable<ProtectionRow['checks']>) {
  return {
    url: `${url}/required_status_checks`,
    strict,
    contexts: checks.map(({ context }) => context),
    contexts_url: `${url}/required_status_checks/contexts`,
    checks: checks.map(({ context, appId }) => ({ context, app_id: appId })),
  };
}

function renderReviews(ctx: Context, url: string, reviews: NonNullable<ProtectionRow['reviews']>) {
  const { bypassUserIds, bypassAppIds } = reviews;
  const passing = bypassUserIds.length + bypassAppIds.length > 0;
  const allowances = {
    users: users(ctx, bypassUserIds).map((user) => renderUser(ctx, user)),
    teams: [],
    apps: apps(ctx, bypassAppIds),
  };
  return {
    url: `${url}/required_pull_request_reviews`,
    dismiss_stale_reviews: reviews.dismissStale,
    require_code_owner_reviews: reviews.codeOwners,
    require_last_push_approval: reviews.lastPush,
    required_approving_review_count: reviews.count,
    ...(passing ? { bypass_pull_request_allowances: allowances } : {}),
  };
}

function renderRestrictions(
  ctx: Context,
  url: string,
  { userIds, appIds }: NonNullable<ProtectionRow['restrictions']>,
) {
  const at = `${url}/restrictions`;
  return {
    url: at,
    users_url: `${at}/users`,
    teams_url: `${at}/teams`,
    apps_url: `${at}/apps`,
    users: users(ctx, userIds).map((user) => renderUser(ctx, user)),
    teams: [],
    apps: apps(ctx, appIds),
  };
}

/** The webhooks' `rule` of `branch_protection_rule`. */
export function renderProtectionRule(ctx: Context, row: ProtectionRow) {
  const level = (on: boolean) => (on ? (row.enforceAdmins ? 'everyone' : 'non_admins') : 'off');
  const { userIds = [], appIds = [] } = row.restrictions ?? {};
  const actors = [...users(ctx, userIds).map(({ login }) => login), ...apps(ctx, appIds).map(({ slug }) => slug)];
  return {
    id: row.id,
    repository_id: row.repoId,
    name: row.branch,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    pull_request_reviews_enforcement_level: level(row.reviews !== null),
    required_approving_review_count: row.reviews?.count ?? 0,
    dismiss_stale_reviews_on_push: row.reviews?.dismissStale ?? false,
    require_code_owner_review: row.reviews?.codeOwners ?? false,
    require_last_push_approval: row.reviews?.lastPush ?? false,
    authorized_dismissal_actors_only: false,
    ignore_approvals_from_contributors: false,
    required_status_checks: row.checks?.checks.map(({ context }) => context) ?? [],
    required_status_checks_enforcement_level: level(row.checks !== null),
    strict_required_status_checks_policy: row.checks?.strict ?? false,
    signature_requirement_enforcement_level: 'off',
    linear_history_requirement_enforcement_level: level(row.linear),
    admin_enforced: row.enforceAdmins,
    create_protected: row.blockCreations,
    allow_force_pushes_enforcement_level: row.allowForce ? 'everyone' : 'off',
    allow_deletions_enforcement_level: row.allowDeletions ? 'everyone' : 'off',
    merge_queue_enforcement_level: 'off',
    required_deployments_enforcement_level: 'off',
    required_conversation_resolution_level: level(row.conversations),
    lock_branch_enforcement_level: level(row.lock),
    authorized_actors_only: row.restrictions !== null,
    authorized_actor_names: actors,
  };
}

/** OpenAPI `repository-ruleset`. Who may not administer the repository does not see who may bypass it. */
export function renderRuleset(ctx: Context, repo: RepositoryRow, ruleset: RulesetRow, sees: 'all' | 'public' = 'all') {
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: ruleset.target,
    source_type: 'Repository',
    source: fullName(ctx, repo),
    enforcement: ruleset.enforcement,
    ...(sees === 'all' ? { bypass_actors: ruleset.bypassActors } : {}),
    current_user_can_bypass: 'never',
    node_id: nodeId('ruleset', ruleset.id),
    _links: {
      self: { href: `${repositoryURL(ctx, repo)}/rulesets/${ruleset.id}` },
      html: { href: `${repositoryPage(ctx, repo)}/rules/${ruleset.id}` },
    },
    conditions: { ref_name: { include: ruleset.include, exclude: ruleset.exclude } },
    rules: ruleset.rules,
    created_at: ruleset.createdAt,
    updated_at: ruleset.updatedAt,
  };
}

/** OpenAPI `activity`. */
export function renderActivity(ctx: Context, row: ActivityRow) {
  return {
    id: row.id,
    node_id: nodeId('activity', row.id),
    before: row.before,
    after: row.after,
    ref: row.ref,
    timestamp: row.timestamp,
    activity_type: row.type,
    actor: renderUserById(ctx, row.actorId),
  };
}
