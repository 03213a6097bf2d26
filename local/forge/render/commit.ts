import type { Context } from '../context.ts';
import type { Commit, FileChange } from '../git/index.ts';
import { nodeId, type RepositoryRow, type UserRow } from '../store/index.ts';
import { repositoryPage, repositoryURL } from './repository.ts';
import { renderUser } from './user.ts';

const NOREPLY = /^(?:\d+\+)?([^@+]+)@users\.noreply\.github\.com$/i;

/** The account a commit's email belongs to, if any. */
export function userByEmail(ctx: Context, email: string): UserRow | undefined {
  const login = NOREPLY.exec(email)?.[1];
  if (login !== undefined) return ctx.store.users.first({ loginKey: login.toLowerCase() });
  return ctx.store.users.first({ email: email.toLowerCase() });
}

const account = (ctx: Context, email: string) => {
  const user = userByEmail(ctx, email);
  return user === undefined ? null : renderUser(ctx, user);
};

/** OpenAPI `commit`; with `files` also stats and files. */
export function renderCommit(ctx: Context, repo: RepositoryRow, commit: Commit, files?: readonly FileChange[]) {
  const url = `${repositoryURL(ctx, repo)}/commits/${commit.sha}`;
  const page = repositoryPage(ctx, repo);
  const gitURL = `${repositoryURL(ctx, repo)}/git`;
  const parents = commit.parents.map((sha) => ({
    sha,
    url: `${repositoryURL(ctx, repo)}/commits/${sha}`,
    html_url: `${page}/commit/${sha}`,
  }));
  return {
    sha: commit.sha,
    node_id: nodeId('commit', `${repo.id}:${commit.sha}`),
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${gitURL}/trees/${commit.tree}` },
      url: `${gitURL}/commits/${commit.sha}`,
      comment_count: 0,
      verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
    },
    url,
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${url}/comments`,
    author: account(ctx, commit.author.email),
    committer: account(ctx, commit.committer.email),
    parents,
    ...(files === undefined
      ? {}
      : { stats: sum(files), files: files.map((file) => renderFile(ctx, repo, commit.sha, file)) }),
  };
}

function sum(files: readonly FileChange[]) {
  const additions = files.reduce((total, file) => total + file.additions, 0);
  const deletions = files.reduce((total, file) => total + file.deletions, 0);
  return { total: additions + deletions, additions, deletions };
}

/** OpenAPI `diff-entry`. */
export function renderFile(ctx: Context, repo: RepositoryRow, sha: string, file: FileChange) {
  const path = encodeURI(file.filename);
  const page = repositoryPage(ctx, repo);
  return {
    sha: file.sha,
    filename: file.filename,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${page}/blob/${sha}/${path}`,
    raw_url: `${page}/raw/${sha}/${path}`,
    contents_url: `${repositoryURL(ctx, repo)}/contents/${path}?ref=${sha}`,
    ...(file.patch === null ? {} : { patch: file.patch }),
    ...(file.previousFilename === null ? {} : { previous_filename: file.previousFilename }),
  };
}

/** OpenAPI `git-ref`. */
export function renderRef(ctx: Context, repo: RepositoryRow, ref: string, oid: string, type = 'commit') {
  const url = `${repositoryURL(ctx, repo)}/git`;
  const object = { type, sha: oid, url: `${url}/${type}s/${oid}` };
  return { ref, node_id: nodeId('ref', `${repo.id}:${ref}`), url: `${url}/${ref}`, object };
}
