import { type Static, Type } from 'typebox';
import { createRuleset, deleteRuleset, rulesOn, updateRuleset } from '../model/index.ts';
import { RULE_TYPES, Rule } from '../protection/index.ts';
import { notFound, notServed } from '../refusal.ts';
import { allows, fullName, permissionOf, renderRuleset } from '../render/index.ts';
import type { RulesetRow } from '../store/index.ts';
import { created, noContent, ok, pagedList } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import { needAdmin } from './repositories.ts';
import type { Routes } from './server.ts';

const Names = Type.Array(Type.String());
const Bypass = Type.Object({
  actor_id: optional(nullable(Type.Integer())),
  actor_type: Type.Enum(['Integration', 'OrganizationAdmin', 'RepositoryRole', 'Team', 'DeployKey', 'User']),
  bypass_mode: optional(Type.Enum(['always', 'pull_request', 'exempt'])),
});
const Fields = {
  target: optional(Type.Enum(['branch', 'tag'])),
  bypass_actors: optional(Type.Array(Bypass)),
  conditions: optional(
    Type.Object({ ref_name: optional(Type.Object({ include: optional(Names), exclude: optional(Names) })) }),
  ),
};
const Enforcement = Type.Enum(['disabled', 'active', 'evaluate']);
const NewRuleset = Type.Object({
  ...Fields,
  name: Type.String({ minLength: 1 }),
  enforcement: Enforcement,
  rules: optional(Type.Array(Rule)),
});
const RulesetChange = Type.Object({
  ...Fields,
  name: optional(Type.String({ minLength: 1 })),
  enforcement: optional(Enforcement),
  rules: optional(Type.Array(Rule)),
});
const Typed = Type.Object({ rules: optional(Type.Array(Type.Object({ type: Type.String() }))) });

export const rulesetRoutes: Routes = {
  'GET /repos/{owner}/{repo}/rulesets': (call) => {
    const targets = call.query('targets')?.split(',');
    const found = call.ctx.store.rulesets
      .find({ repoId: call.repo.id })
      .filter(({ target }) => targets === undefined || targets.includes(target));
    // Lists show neither rules nor conditions, as on GitHub.
    return pagedList(
      call,
      found.map((each) => {
        const { rules: _, conditions: __, bypass_actors: ___, ...summary } = body(call, each);
        return summary;
      }),
    );
  },
  'POST /repos/{owner}/{repo}/rulesets': (call) => {
    needAdmin(call);
    refuseOtherRules(call);
    const wanted = call.json(NewRuleset);
    const fields = { bypassActors: [], rules: [], include: [], exclude: [], target: 'branch' as const };
    const { name, enforcement } = wanted;
    const row = createRuleset(call.ctx, call.repo, call.user, { ...fields, name, enforcement, ...read(wanted) });
    return created(body(call, row));
  },
  'GET /repos/{owner}/{repo}/rulesets/{ruleset_id}': (call) => ok(body(call, ruleset(call))),
  'PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}': (call) => {
    needAdmin(call);
    refuseOtherRules(call);
    const wanted = call.json(RulesetChange);
    return ok(body(call, updateRuleset(call.ctx, call.repo, call.user, ruleset(call), read(wanted))));
  },
  'DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}': (call) => {
    needAdmin(call);
    deleteRuleset(call.ctx, call.repo, call.user, ruleset(call));
    return noContent;
  },
  // Only what rulesets ask: classic protection has its own address.
  'GET /repos/{owner}/{repo}/rules/branches/{branch}': (call) => {
    const rules = rulesOn(call.ctx, call.repo, `refs/heads/${call.param('branch')}`);
    const from = { ruleset_source_type: 'Repository', ruleset_source: fullName(call.ctx, call.repo) };
    const own = rules.filter(({ rulesetId }) => rulesetId !== null);
    return pagedList(
      call,
      own.map(({ rule, rulesetId }) => ({ ...rule, ...from, ruleset_id: rulesetId })),
    );
  },
};

/** GitHub has more types of rules than are enforced here: 501 with the type's name, before the body is read as one that is. */
function refuseOtherRules(call: Call): void {
  const { rules = [] } = call.json(Typed);
  const other = rules.find(({ type }) => !(RULE_TYPES as readonly string[]).includes(type));
  if (other !== undefined) throw notServed(`rules of type ${other.type}`);
}

function read({ name, enforcement, target, bypass_actors, conditions, rules }: Static<typeof RulesetChange>) {
  const bypassActors = bypass_actors?.map(({ actor_id = null, actor_type, bypass_mode = 'always' }) => ({
    actor_id,
    actor_type,
    bypass_mode,
  }));
  const { include, exclude } = conditions?.ref_name ?? {};
  const given = { name, enforcement, target, bypassActors, include, exclude, rules };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<RulesetRow>;
}

function ruleset(call: Call): RulesetRow {
  const found = call.ctx.store.rulesets.get(call.id('ruleset_id'));
  if (found === undefined || found.repoId !== call.repo.id) throw notFound();
  return found;
}

function body(call: Call, row: RulesetRow) {
  const admin = allows(permissionOf(call.ctx, call.repo, call.user.id), 'admin');
  return renderRuleset(call.ctx, call.repo, row, admin ? 'all' : 'public');
}
