import { type Context, now } from '../context.ts';
import type { Commit } from '../git/index.ts';
import { avatarURL, renderCommit, repositoryURL } from '../render/index.ts';
import type { RepositoryRow, StatusRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';

export function createStatus(
  ctx: Context,
  repo: RepositoryRow,
  creator: UserRow,
  commit: Commit,
  fields: Pick<StatusRow, 'state' | 'context' | 'description' | 'targetUrl'>,
): StatusRow {
  return ctx.store.transaction(() => {
    const status = ctx.store.statuses.insert({
      ...fields,
      repoId: repo.id,
      sha: commit.sha,
      creatorId: creator.id,
      createdAt: now(ctx),
    });
    emit(ctx, repo, { event: 'status', sender: creator, fields: payload(ctx, repo, creator, commit, status) });
    return status;
  });
}

function payload(ctx: Context, repo: RepositoryRow, creator: UserRow, commit: Commit, status: StatusRow) {
  const heads = ctx.store.refs.find({ repoId: repo.id }).filter((ref) => ref.oid === commit.sha);
  const branches = heads
    .filter((ref) => ref.name.startsWith('refs/heads/'))
    .map((ref) => ({
      name: ref.name.slice('refs/heads/'.length),
      commit: { sha: ref.oid, url: `${repositoryURL(ctx, repo)}/commits/${ref.oid}` },
      protected: false,
    }));
  return {
    id: status.id,
    sha: status.sha,
    name: `${ctx.store.users.get(repo.ownerId)?.login}/${repo.name}`,
    target_url: status.targetUrl,
    avatar_url: avatarURL(ctx, creator),
    context: status.context,
    description: status.description,
    state: status.state,
    commit: renderCommit(ctx, repo, commit),
    branches,
    created_at: status.createdAt,
    updated_at: status.createdAt,
  };
}

/** The latest status of each context on a commit, newest first. */
export function latestStatuses(ctx: Context, repo: RepositoryRow, sha: string): StatusRow[] {
  const latest = new Map<string, StatusRow>();
  for (const status of ctx.store.statuses.find({ repoId: repo.id, sha })) latest.set(status.context, status);
  return [...latest.values()].reverse();
}

/** GitHub's sum of a commit's statuses; none is pending. */
export function combinedState(statuses: readonly StatusRow[]): 'success' | 'pending' | 'failure' {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure';
  return statuses.length > 0 && statuses.every(({ state }) => state === 'success') ? 'success' : 'pending';
}
