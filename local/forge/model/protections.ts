import { type Context, now } from '../context.ts';
import { renderProtectionRule } from '../render/index.ts';
import type { ProtectionRow, RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';

export type ProtectionFields = Omit<ProtectionRow, 'id' | 'repoId' | 'branch' | 'createdAt' | 'updatedAt'>;

/** Sets a branch's classic protection in place of an earlier one, and says so. */
export function setProtection(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  branch: string,
  fields: ProtectionFields,
): ProtectionRow {
  return ctx.store.transaction(() => {
    const found = ctx.store.protections.first({ repoId: repo.id, branch });
    const at = now(ctx);
    const row =
      found === undefined
        ? ctx.store.protections.insert({ ...fields, repoId: repo.id, branch, createdAt: at, updatedAt: at })
        : ctx.store.protections.update(found.id, { ...fields, updatedAt: at });
    say(ctx, repo, row, actor, found === undefined ? 'created' : 'edited');
    return row;
  });
}

export function deleteProtection(ctx: Context, repo: RepositoryRow, actor: UserRow, protection: ProtectionRow): void {
  ctx.store.transaction(() => {
    ctx.store.protections.delete(protection.id);
    say(ctx, repo, protection, actor, 'deleted');
  });
}

function say(ctx: Context, repo: RepositoryRow, row: ProtectionRow, sender: UserRow, action: string): void {
  const fields = { rule: renderProtectionRule(ctx, row), ...(action === 'edited' ? { changes: {} } : {}) };
  emit(ctx, repo, { event: 'branch_protection_rule', action, sender, fields });
}
