import type { Context } from '../context.ts';
import {
  type CheckFact,
  type EffectiveRule,
  type MergeFacts,
  type Passes,
  rulesFor,
  rulesOfType,
  type Unmet,
  unmetByMerge,
} from '../protection/index.ts';
import type { BypassActor, Permission, PullRow, RepositoryRow } from '../store/index.ts';
import { type Actor, can } from './actor.ts';
import { latestRuns } from './checks.ts';
import { writersOpinions } from './opinions.ts';
import { missingOwners } from './owners.ts';
import { latestStatuses } from './statuses.ts';

/** The rules that hold for a full ref name; with an actor, those that are held against it. */
export function rulesOn(
  ctx: Context,
  repo: RepositoryRow,
  ref: string,
  by?: { readonly actor: Actor; readonly how: 'push' | 'merge' },
): EffectiveRule[] {
  const where = { repoId: repo.id };
  const { defaultBranch } = ctx.store.repositories.get(repo.id) ?? repo;
  const sources = {
    protections: ctx.store.protections.find(where),
    rulesets: ctx.store.rulesets.find(where),
    defaultBranch,
  };
  return rulesFor(sources, ref, by && passes(ctx, repo, by.actor, by.how));
}

function passes(ctx: Context, repo: RepositoryRow, actor: Actor, how: 'push' | 'merge'): Passes {
  return {
    protection: ({ enforceAdmins }) => !enforceAdmins && can(ctx, actor, repo, 'admin'),
    ruleset: ({ bypassActors }) =>
      bypassActors.some(
        (each) => (each.bypass_mode !== 'pull_request' || how === 'merge') && isBypass(ctx, repo, actor, each),
      ),
  };
}

/** The numbers GitHub gives to the roles that every repository has. */
const ROLES: Readonly<Record<number, Permission>> = { 2: 'maintain', 4: 'write', 5: 'admin' };

function isBypass(ctx: Context, repo: RepositoryRow, actor: Actor, { actor_type, actor_id }: BypassActor): boolean {
  if (actor_type === 'Integration') return actor.app !== null && actor.app.id === actor_id;
  if (actor_type === 'User') return actor.user.id === actor_id;
  if (actor_type === 'OrganizationAdmin') return repo.ownerId === actor.user.id;
  const role = actor_type === 'RepositoryRole' && actor_id !== null ? ROLES[actor_id] : undefined;
  return role !== undefined && can(ctx, actor, repo, role);
}

const PASSED = ['success', 'neutral', 'skipped'];

/** What has been reported on a commit: the latest run of each name and App, and the latest status of each context. */
export function checkFacts(ctx: Context, repo: RepositoryRow, sha: string): CheckFact[] {
  const runs = latestRuns(ctx.store.checkRuns.find({ repoId: repo.id, headSha: sha })).map(
    ({ name, appId, status, conclusion }): CheckFact => ({
      context: name,
      appId,
      state: status !== 'completed' ? 'pending' : PASSED.includes(conclusion ?? '') ? 'success' : 'failing',
    }),
  );
  const statuses = latestStatuses(ctx, repo, sha).map(({ context, creatorId, state }): CheckFact => {
    const app = ctx.store.apps.find().find(({ userId }) => userId === creatorId);
    return {
      context,
      appId: app?.id ?? null,
      state: state === 'success' || state === 'pending' ? state : 'failing',
    };
  });
  return [...runs, ...statuses];
}

/**
 * What keeps a pull request from its base branch: for anyone, or for the actor who merges it by that method now. Read from the facts as
 * they are, nothing remembered.
 */
export async function unmetOf(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  by?: { readonly actor: Actor; readonly method: NonNullable<MergeFacts['method']> },
): Promise<Unmet[]> {
  const ref = `refs/heads/${pull.baseRef}`;
  const rules = rulesOn(ctx, repo, ref, by && { actor: by.actor, how: 'merge' });
  if (rules.length === 0) return [];
  return unmetByMerge(rules, await mergeFacts(ctx, repo, pull, rules, by?.method ?? null));
}

async function mergeFacts(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  rules: readonly EffectiveRule[],
  method: MergeFacts['method'],
): Promise<MergeFacts> {
  const opinions = writersOpinions(ctx, repo, pull);
  const approvals = opinions
    .filter(({ state }) => state === 'APPROVED')
    .map(({ authorId, commitId }) => ({ userId: authorId, onHead: commitId === pull.headSha }));
  const git = ctx.git(repo);
  const base = await git.branch(pull.baseRef);
  const owned = rulesOfType(rules, 'pull_request').some(({ rule }) => rule.parameters.require_code_owner_review);
  const approvers = new Set(approvals.map(({ userId }) => userId));
  return {
    checks: checkFacts(ctx, repo, pull.headSha),
    approvals,
    changesRequested: opinions.some(({ state }) => state === 'CHANGES_REQUESTED'),
    lastPusherId: lastPusher(ctx, repo, pull),
    openThreads: ctx.store.threads.count({ pullId: pull.id, resolvedById: null }),
    missingOwners: owned && base !== null ? await missingOwners(ctx, repo, pull, base, approvers) : [],
    behind: base !== null && !(await git.isAncestor(base, pull.headSha)),
    method,
  };
}

function lastPusher(ctx: Context, repo: RepositoryRow, pull: PullRow): number | null {
  const where = { repoId: repo.id, ref: `refs/heads/${pull.headRef}`, after: pull.headSha };
  return ctx.store.activities.first(where, { descending: true })?.actorId ?? null;
}

/** Whether a report of that name by that App is one that the base branch requires. */
export function isRequired(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  name: string,
  appId: number | null,
): boolean {
  const rules = rulesOfType(rulesOn(ctx, repo, `refs/heads/${pull.baseRef}`), 'required_status_checks');
  const required = rules.flatMap(({ rule }) => rule.parameters.required_status_checks);
  return required.some(({ context, integration_id: app }) => context === name && (app == null || app === appId));
}

/** Whether the base branch asks for more approvals than the pull request has. */
export function needsReview(ctx: Context, repo: RepositoryRow, pull: PullRow): boolean {
  const rules = rulesOfType(rulesOn(ctx, repo, `refs/heads/${pull.baseRef}`), 'pull_request');
  const count = Math.max(0, ...rules.map(({ rule }) => rule.parameters.required_approving_review_count));
  return writersOpinions(ctx, repo, pull).filter(({ state }) => state === 'APPROVED').length < count;
}

export const hasMergeQueue = (ctx: Context, repo: RepositoryRow, branch: string): boolean =>
  rulesOfType(rulesOn(ctx, repo, `refs/heads/${branch}`), 'merge_queue').length > 0;
