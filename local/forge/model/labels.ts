import type { Context } from '../context.ts';
import { invalid } from '../refusal.ts';
import { renderLabel } from '../render/index.ts';
import type { LabelRow, RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';

export function findLabel(ctx: Context, repo: RepositoryRow, name: string): LabelRow | undefined {
  return ctx.store.labels.first({ repoId: repo.id, nameKey: name.toLowerCase() });
}

/** Creates a label; 422 already_exists if the name is taken in any case of letters. */
export function createLabel(
  ctx: Context,
  repo: RepositoryRow,
  actor: UserRow,
  fields: { name: string; color?: string; description?: string | null },
): LabelRow {
  const { name, color = 'ededed', description = null } = fields;
  if (findLabel(ctx, repo, name) !== undefined) throw invalid('Label', 'name', 'already_exists');
  if (!/^[0-9a-f]{6}$/i.test(color)) throw invalid('Label', 'color');
  return ctx.store.transaction(() => {
    const label = ctx.store.labels.insert({ repoId: repo.id, name, nameKey: name.toLowerCase(), color, description });
    const fields = { label: renderLabel(ctx, repo, label) };
    emit(ctx, repo, { event: 'label', action: 'created', sender: actor, fields });
    return label;
  });
}

/** Labels by name; names the repository does not have are created, as GitHub does when an issue is labelled. */
export function labelsNamed(ctx: Context, repo: RepositoryRow, actor: UserRow, names: readonly string[]): LabelRow[] {
  return names.map((name) => findLabel(ctx, repo, name) ?? createLabel(ctx, repo, actor, { name }));
}
