import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import { integerOrNull, isObject, line, object, objectOrNull, objects, type Untrusted } from './read.ts';
import type { RulesetFacts } from './rules.ts';

interface Where {
  readonly owner: string;
  readonly repo: string;
}

/**
 * The protection of a branch that is no ruleset; null where it has none, `unread` where this identity is not told. Whether a branch is protected at
 * all everybody may see, by whatever that is; what a protection asks only those who administer the repository.
 */
export async function protectionOf(client: Client, where: Where, branch: string): Promise<Untrusted | null | 'unread'> {
  try {
    const { data } = await client.read((octokit) => octokit.rest.repos.getBranch({ ...where, branch }));
    const told = object(data, 'branch');
    if (told.protected === false || objectOrNull(told.protection)?.enabled === false) return null;
  } catch (error) {
    if (error instanceof ForgeError && error.code === 'NotFound') return null;
    throw error;
  }
  try {
    const { data } = await client.read((octokit) => octokit.rest.repos.getBranchProtection({ ...where, branch }));
    return object(data, 'branch protection');
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    if (error.code === 'NotFound' && /branch not protected/i.test(error.message)) return null;
    if (error.code === 'NotFound' || error.code === 'Forbidden') return 'unread';
    throw error;
  }
}

/** As the ruleset that would hold the same. `slugs` are Apps by their ids. */
export function asRuleset(protection: Untrusted, slugs: ReadonlyMap<number, string>): RulesetFacts {
  const enabled = (name: string) => objectOrNull(protection[name])?.enabled === true;
  const reviews = objectOrNull(protection.required_pull_request_reviews);
  const checks = objectOrNull(protection.required_status_checks);
  return {
    id: 0,
    name: 'branch protection',
    updatedAt: null,
    bypass: enabled('enforce_admins') && !somebodyPasses(reviews) ? 'nobody' : 'somebody',
    deletion: !enabled('allow_deletions'),
    nonFastForward: !enabled('allow_force_pushes'),
    pullRequest: reviews && {
      approvals: integerOrNull(reviews.required_approving_review_count) ?? 0,
      dismissStale: reviews.dismiss_stale_reviews === true,
      codeOwners: reviews.require_code_owner_reviews === true,
      lastPush: reviews.require_last_push_approval === true,
      threads: enabled('required_conversation_resolution'),
      mergeMethods: null,
    },
    checks: checks === null ? [] : objects(checks.checks, 1_000).map((check) => checkOf(check, slugs)),
  };
}

function somebodyPasses(reviews: Untrusted | null): boolean {
  const allowed = reviews?.bypass_pull_request_allowances;
  return isObject(allowed) && Object.values(allowed).some((list) => Array.isArray(list) && list.length > 0);
}

/** GitHub writes -1 for any App. */
function checkOf(check: Untrusted, slugs: ReadonlyMap<number, string>): { name: string; app: string | null } {
  const app = integerOrNull(check.app_id);
  const any = app === null || app < 0;
  return { name: line(check.context, 'check name'), app: any ? null : (slugs.get(app) ?? `#${app}`) };
}
