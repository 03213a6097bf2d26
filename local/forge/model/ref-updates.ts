import type { Context } from '../context.ts';
import { type Ancestry, objectsApart, ZERO_OID } from '../git/index.ts';
import { mergeWords, type Unmet, unmetByUpdate } from '../protection/index.ts';
import { Refusal } from '../refusal.ts';
import type { RepositoryRow } from '../store/index.ts';
import { type Actor, can } from './actor.ts';
import { checkFacts, rulesOn } from './rules.ts';

/** A change of a ref that someone asks for; all zeros for `old` or `next` when it is made or removed. */
export interface AskedUpdate {
  readonly ref: string;
  readonly old: string;
  readonly next: string;
}

/** What forbids an actor the change. `git` must see the new commits, also those of a push that git still keeps apart. */
export async function unmetByPush(
  ctx: Context,
  repo: RepositoryRow,
  actor: Actor,
  git: Ancestry,
  { ref, old, next }: AskedUpdate,
): Promise<Unmet[]> {
  const rules = rulesOn(ctx, repo, ref, { actor, how: 'push' });
  const authorized = mayPush(ctx, repo, actor, ref);
  if (rules.length === 0 && authorized) return [];
  const kind = old === ZERO_OID ? 'created' : next === ZERO_OID ? 'deleted' : 'updated';
  const branch = ref.startsWith('refs/heads/') && kind !== 'deleted';
  return unmetByUpdate(rules, {
    kind,
    forced: kind === 'updated' && !(await git.isAncestor(old, next)),
    mergeCommits: branch && (await git.addsMerges(kind === 'created' ? null : old, next)),
    checks: kind === 'deleted' ? [] : checkFacts(ctx, repo, next),
    authorized,
  });
}

/** Refuses a call of the refs API with 422 as {@link unmetByPush} says. */
export async function refuseUpdate(
  ctx: Context,
  repo: RepositoryRow,
  actor: Actor,
  update: AskedUpdate,
): Promise<void> {
  const unmet = await unmetByPush(ctx, repo, actor, objectsApart(ctx.git(repo).dir), update);
  if (unmet.length === 0) return;
  throw new Refusal(422, mergeWords(unmet));
}

/** Whether classic protection's list of who may push, if there is one, has this actor on it. */
function mayPush(ctx: Context, repo: RepositoryRow, actor: Actor, ref: string): boolean {
  const branch = ref.slice('refs/heads/'.length);
  const protection = ref.startsWith('refs/heads/')
    ? ctx.store.protections.first({ repoId: repo.id, branch })
    : undefined;
  if (!protection?.restrictions) return true;
  const { userIds, appIds } = protection.restrictions;
  const passes = !protection.enforceAdmins && can(ctx, actor, repo, 'admin');
  return passes || userIds.includes(actor.user.id) || (actor.app !== null && appIds.includes(actor.app.id));
}
