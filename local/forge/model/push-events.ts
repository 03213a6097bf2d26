import type { Context } from '../context.ts';
import { type ChangedPaths, type Commit, ZERO_OID } from '../git/index.ts';
import { renderRepository, renderSimpleCommit, repositoryPage, userByEmail, userEmail } from '../render/index.ts';
import type { RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';

export interface RefChange {
  readonly ref: string;
  /** All zeros when the ref is new (`before`) or gone (`after`). */
  readonly before: string;
  readonly after: string;
  readonly forced: boolean;
  /** What a branch gained, oldest first. */
  readonly commits: readonly PushedCommit[];
  readonly head: PushedCommit | null;
}

export type PushedCommit = Commit & ChangedPaths;
export const NO_PATHS: ChangedPaths = { added: [], removed: [], modified: [] };

/** Says a changed ref: `create` before and `delete` after the `push` they belong to. */
export function emitPush(ctx: Context, repo: RepositoryRow, pusher: UserRow, change: RefChange): void {
  const created = change.before === ZERO_OID;
  const deleted = change.after === ZERO_OID;
  const [, kind = '', ...rest] = change.ref.split('/');
  const refFields = { ref: rest.join('/'), ref_type: kind === 'tags' ? 'tag' : 'branch', pusher_type: 'user' };
  if (created) {
    const fields = { ...refFields, master_branch: repo.defaultBranch, description: repo.description };
    emit(ctx, repo, { event: 'create', sender: pusher, fields });
  }
  emit(ctx, repo, { event: 'push', sender: pusher, fields: pushFields(ctx, repo, pusher, change) });
  if (deleted) emit(ctx, repo, { event: 'delete', sender: pusher, fields: refFields });
}

function pushFields(ctx: Context, repo: RepositoryRow, pusher: UserRow, change: RefChange) {
  const page = repositoryPage(ctx, repo);
  const created = change.before === ZERO_OID;
  const short = (sha: string) => sha.slice(0, 12);
  const seconds = (time: string) => Math.floor(Date.parse(time) / 1000);
  const repository = renderRepository(ctx, ctx.store.repositories.get(repo.id)!);
  return {
    ref: change.ref,
    before: change.before,
    after: change.after,
    created,
    deleted: change.after === ZERO_OID,
    forced: change.forced,
    base_ref: null,
    compare: created
      ? `${page}/commit/${short(change.after)}`
      : `${page}/compare/${short(change.before)}...${short(change.after)}`,
    commits: change.commits.map((commit) => pushCommit(ctx, page, commit)),
    head_commit: change.head === null ? null : pushCommit(ctx, page, change.head),
    // The schema takes no brackets in an address, and every bot has them in its name.
    pusher: { name: pusher.login, ...(pusher.type === 'Bot' ? {} : { email: userEmail(pusher) }) },
    // In this one event GitHub writes two of the repository's times as seconds since 1970.
    repository: {
      ...repository,
      created_at: seconds(repository.created_at),
      pushed_at: seconds(repository.pushed_at),
      stargazers: 0,
      master_branch: repo.defaultBranch,
    },
  };
}

function pushCommit(ctx: Context, page: string, commit: PushedCommit) {
  const person = ({ name, email }: { name: string; email: string }) => {
    const login = userByEmail(ctx, email)?.login;
    return { name, email, ...(login === undefined ? {} : { username: login }) };
  };
  return {
    ...renderSimpleCommit(commit),
    distinct: true,
    url: `${page}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: commit.added,
    removed: commit.removed,
    modified: commit.modified,
  };
}
