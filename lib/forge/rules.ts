import type { Client } from './client.ts';
import { ForgeError } from './error.ts';
import { checkBranch, checkRepository } from './names.ts';
import type { RepositoryName } from './port.ts';
import { asRuleset, protectionOf } from './protection.ts';
import { integer, integerOrNull, isObject, line, lineOrNull, moment, object, objects, type Untrusted } from './read.ts';

/** The rules of one ruleset, of the kinds that the rig knows. */
export interface RulesetRules {
  readonly deletion: boolean;
  readonly nonFastForward: boolean;
  readonly pullRequest: {
    readonly approvals: number;
    readonly dismissStale: boolean;
    readonly codeOwners: boolean;
    readonly lastPush: boolean;
    readonly threads: boolean;
    /** Ways to merge that are left; null for all. */
    readonly mergeMethods: readonly string[] | null;
  } | null;
  /** `app` is the App's slug, null where any will do, `#<id>` where it is none of those that were asked about. */
  readonly checks: readonly { readonly name: string; readonly app: string | null }[];
}

/** One active ruleset of a branch, or with the id 0 the branch's own protection, the older way to say the same. */
export interface RulesetFacts extends RulesetRules {
  readonly id: number;
  readonly name: string;
  /** RFC 3339; null where the forge does not tell. */
  readonly updatedAt: string | null;
  /** `hidden`: the forge tells only those who may edit the ruleset. */
  readonly bypass: 'nobody' | 'somebody' | 'hidden';
}

export interface BranchRules {
  readonly rulesets: readonly RulesetFacts[];
  /** True where the branch may have a protection of its own besides, which this identity is not told. */
  readonly unread?: boolean;
}

export interface RulesForge {
  /**
   * Every active rule of a branch, by ruleset, those of the organisation included, and its own protection: a request for each hundred rules,
   * one for each ruleset, one or two for the protection, and one for each App of `apps` (slugs) the first time. NotFound. Forbidden: the
   * forge's plan has no rulesets.
   */
  branchRules(repo: RepositoryName, branch: string, apps: readonly string[]): Promise<BranchRules>;
  /**
   * Write; twice is harmless: the repository's own ruleset of this name is made, or set to exactly these rules, for this branch,
   * active, with nobody to bypass it. NotFound, Forbidden, Validation, also for a check of an App that the forge does not know.
   * Needs administration of the repository.
   */
  putRuleset(
    repo: RepositoryName,
    ruleset: { readonly name: string; readonly branch: string; readonly rules: RulesetRules },
  ): Promise<{ readonly id: number; readonly created: boolean }>;
}

const PAGE = 100;

/** What the forge itself holds a branch to. */
export function rules(client: Client): RulesForge {
  const ids = new Map<string, number>();
  const known = async (apps: readonly string[]) => {
    for (const slug of new Set(apps)) if (!ids.has(slug)) await learn(client, slug, ids);
    return ids;
  };
  return {
    branchRules: async (repo, branch, apps) => {
      const where = checkRepository(repo);
      const [told, own] = await Promise.all([
        client.read((octokit) =>
          octokit.paginate('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
            ...where,
            branch: checkBranch(branch),
            per_page: PAGE,
          }),
        ),
        protectionOf(client, where, checkBranch(branch)),
      ]);
      const active = objects(told, 1_000);
      const slugs = new Map([...(await known(apps))].map(([slug, id]) => [id, slug]));
      const sets = new Set(active.map((rule) => integer(rule.ruleset_id, 'ruleset id')));
      const rulesets: RulesetFacts[] = [];
      for (const id of sets) {
        const its = active.filter((rule) => rule.ruleset_id === id);
        rulesets.push({ ...(await rulesetOf(client, where, id)), ...rulesOf(its, slugs) });
      }
      if (own === 'unread') return { rulesets, unread: true };
      return { rulesets: own === null ? rulesets : [...rulesets, asRuleset(own, slugs)] };
    },
    putRuleset: async (repo, { name, branch, rules: wanted }) => {
      const where = checkRepository(repo);
      const body = {
        name,
        target: 'branch' as const,
        enforcement: 'active' as const,
        bypass_actors: [],
        conditions: { ref_name: { include: [`refs/heads/${checkBranch(branch)}`], exclude: [] } },
        rules: payload(wanted, await known(wanted.checks.flatMap(({ app }) => app ?? []))) as never,
      };
      const id = await ownRuleset(client, where, name);
      return client.write(async (octokit) => {
        const { data } =
          id === null
            ? await octokit.request('POST /repos/{owner}/{repo}/rulesets', { ...where, ...body })
            : await octokit.request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
                ...where,
                ruleset_id: id,
                ...body,
              });
        return { id: integer(object(data, 'ruleset').id, 'ruleset id'), created: id === null };
      });
    },
  };
}

/** Learns an App's id; one that the forge does not know stays unknown. */
async function learn(client: Client, slug: string, ids: Map<string, number>): Promise<void> {
  try {
    const { data } = await client.read((octokit) => octokit.request('GET /apps/{app_slug}', { app_slug: slug }));
    ids.set(slug, integer(object(data, 'App').id, 'App id'));
  } catch (error) {
    if (!(error instanceof ForgeError) || error.code !== 'NotFound') throw error;
  }
}

async function ownRuleset(
  client: Client,
  where: { owner: string; repo: string },
  name: string,
): Promise<number | null> {
  const all = await client.read((octokit) =>
    octokit.paginate('GET /repos/{owner}/{repo}/rulesets', { ...where, includes_parents: false, per_page: PAGE }),
  );
  const found = objects(all, 1_000).find((set) => set.name === name);
  return found === undefined ? null : integer(found.id, 'ruleset id');
}

async function rulesetOf(client: Client, where: { owner: string; repo: string }, id: number) {
  const { data } = await client.read((octokit) =>
    octokit.request('GET /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...where,
      ruleset_id: id,
      includes_parents: true,
    }),
  );
  const set = object(data, 'ruleset');
  return { id, name: line(set.name, 'ruleset name'), updatedAt: moment(set.updated_at), bypass: bypassOf(set) };
}

/** An empty list tells that nobody may; no list tells nothing, but that this identity itself may not be kept out. */
function bypassOf(set: Untrusted): RulesetFacts['bypass'] {
  const mine = lineOrNull(set.current_user_can_bypass);
  if (mine !== null && mine !== 'never') return 'somebody';
  if (!Array.isArray(set.bypass_actors)) return 'hidden';
  return set.bypass_actors.length === 0 ? 'nobody' : 'somebody';
}

function rulesOf(active: readonly Untrusted[], slugs: ReadonlyMap<number, string>): RulesetRules {
  const of = (type: string) => active.filter((rule) => rule.type === type);
  const parameters = (type: string) => of(type).map((rule) => (isObject(rule.parameters) ? rule.parameters : {}));
  const pull = parameters('pull_request')[0];
  return {
    deletion: of('deletion').length > 0,
    nonFastForward: of('non_fast_forward').length > 0,
    pullRequest: pull === undefined ? null : pullRequestRule(pull),
    checks: parameters('required_status_checks').flatMap((rule) =>
      objects(rule.required_status_checks, 1_000).map((check) => checkOf(check, slugs)),
    ),
  };
}

function pullRequestRule(pull: Untrusted): NonNullable<RulesetRules['pullRequest']> {
  const methods = pull.allowed_merge_methods;
  return {
    approvals: integerOrNull(pull.required_approving_review_count) ?? 0,
    dismissStale: pull.dismiss_stale_reviews_on_push === true,
    codeOwners: pull.require_code_owner_review === true,
    lastPush: pull.require_last_push_approval === true,
    threads: pull.required_review_thread_resolution === true,
    mergeMethods: Array.isArray(methods) ? methods.flatMap((method) => lineOrNull(method) ?? []) : null,
  };
}

function checkOf(check: Untrusted, slugs: ReadonlyMap<number, string>): { name: string; app: string | null } {
  const app = integerOrNull(check.integration_id);
  return { name: line(check.context, 'check name'), app: app === null ? null : (slugs.get(app) ?? `#${app}`) };
}

function payload({ deletion, nonFastForward, pullRequest, checks }: RulesetRules, ids: ReadonlyMap<string, number>) {
  return [
    ...(deletion ? [{ type: 'deletion' }] : []),
    ...(nonFastForward ? [{ type: 'non_fast_forward' }] : []),
    ...(pullRequest === null ? [] : [{ type: 'pull_request', parameters: pullParameters(pullRequest) }]),
    ...(checks.length === 0 ? [] : [{ type: 'required_status_checks', parameters: checkParameters(checks, ids) }]),
  ];
}

function pullParameters(rule: NonNullable<RulesetRules['pullRequest']>) {
  return {
    required_approving_review_count: rule.approvals,
    dismiss_stale_reviews_on_push: rule.dismissStale,
    require_code_owner_review: rule.codeOwners,
    require_last_push_approval: rule.lastPush,
    required_review_thread_resolution: rule.threads,
    ...(rule.mergeMethods === null ? {} : { allowed_merge_methods: [...rule.mergeMethods] }),
  };
}

function checkParameters(checks: RulesetRules['checks'], ids: ReadonlyMap<string, number>) {
  const required = checks.map(({ name, app }) => {
    if (app === null) return { context: name };
    const id = ids.get(app);
    if (id === undefined)
      throw new ForgeError('Validation', `The forge knows no App ${app}, from which ${name} comes.`);
    return { context: name, integration_id: id };
  });
  // Whether a head has to contain the tip of its base depends on its tier, which the forge does not know: the gate holds that.
  return { strict_required_status_checks_policy: false, required_status_checks: required };
}
