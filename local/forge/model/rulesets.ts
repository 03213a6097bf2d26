import { type Context, now } from '../context.ts';
import { invalid } from '../refusal.ts';
import { renderRuleset } from '../render/index.ts';
import type { RepositoryRow, RulesetRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';

export type RulesetFields = Omit<RulesetRow, 'id' | 'repoId' | 'createdAt' | 'updatedAt'>;

/** Creates a ruleset and says so; 422 for a second one of that name. */
export function createRuleset(ctx: Context, repo: RepositoryRow, actor: UserRow, fields: RulesetFields): RulesetRow {
  refuseTwin(ctx, repo, fields.name);
  return ctx.store.transaction(() => {
    const at = now(ctx);
    const ruleset = ctx.store.rulesets.insert({ ...fields, repoId: repo.id, createdAt: at, updatedAt: at });
    say(ctx, repo, ruleset, actor, 'created');
    return ruleset;
  });
}

export function updateRuleset(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  ruleset: RulesetRow,
  fields: Partial<RulesetFields>,
): RulesetRow {
  if (fields.name !== undefined && fields.name !== ruleset.name) refuseTwin(ctx, repo, fields.name);
  return ctx.store.transaction(() => {
    const next = ctx.store.rulesets.update(ruleset.id, { ...fields, updatedAt: now(ctx) });
    say(ctx, repo, next, actor, 'edited');
    return next;
  });
}

export function deleteRuleset(ctx: Context, repo: RepositoryRow, actor: UserRow, ruleset: RulesetRow): void {
  ctx.store.transaction(() => {
    ctx.store.rulesets.delete(ruleset.id);
    say(ctx, repo, ruleset, actor, 'deleted');
  });
}

function refuseTwin(ctx: Context, repo: RepositoryRow, name: string): void {
  if (ctx.store.rulesets.find({ repoId: repo.id }).some((each) => each.name === name)) {
    throw invalid('RepositoryRuleset', 'name', 'custom', 'Name must be unique');
  }
}

function say(ctx: Context, repo: RepositoryRow, ruleset: RulesetRow, sender: UserRow, action: string): void {
  const { current_user_can_bypass: _, ...repository_ruleset } = renderRuleset(ctx, repo, ruleset);
  emit(ctx, repo, { event: 'repository_ruleset', action, sender, fields: { repository_ruleset } });
}
