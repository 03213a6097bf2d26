import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskFailure } from '../failure.ts';
import { GitFailure, runGit } from './git.ts';
import { Workspace } from './workspace.ts';

/** The remote of the task's repository; `token` is asked before each call, so that a renewed one is picked up. */
export interface Gateway {
  readonly url: string;
  readonly token: () => string;
}

export interface WorkspaceOptions {
  /** A folder for this task alone; it is emptied first. */
  readonly folder: string;
  readonly gateway: Gateway;
  readonly branch: string;
  readonly baseRef: string;
  readonly baseSHA: string;
  /** Where work starts: the branch's tip or the pull request's head; null starts at the base. */
  readonly startSHA: string | null;
  readonly author: { readonly name: string; readonly email: string };
  /** `<namespace>/<task>`, written as a trailer into every commit. */
  readonly task: string;
  readonly signal: AbortSignal;
}

/**
 * Clones through the gateway (without the contents nobody looks at) and lays out a fresh worktree of its own on the task's branch.
 *
 * There are two repositories: `origin.git`, whose configuration only the runtime writes and the only one that git talks to the
 * network from, and `tree`, which the model works in and which borrows the objects of the first. So a configuration that the
 * model writes into its worktree never sees the gateway's credentials.
 */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { folder, signal, baseSHA } = options;
  const origin = join(folder, 'origin.git');
  const tree = join(folder, 'tree');
  const start = options.startSHA ?? baseSHA;
  await rm(folder, { recursive: true, force: true });
  await mkdir(tree, { recursive: true });
  await mkdir(join(folder, 'home'));
  await mkdir(join(folder, 'tmp'));
  const workspace = new Workspace(
    options,
    { origin, tree, home: join(folder, 'home'), tmp: join(folder, 'tmp') },
    start,
  );
  await fetchHistory(workspace, options, start);
  await fetchContents(workspace, start, baseSHA);
  await layOut(workspace, origin, tree, options.branch, start, signal);
  return workspace;
}

async function fetchHistory(workspace: Workspace, options: WorkspaceOptions, start: string): Promise<void> {
  const { gateway, baseRef, baseSHA, signal } = options;
  const { origin } = workspace.folders;
  await runGit(['init', '--quiet', '--bare', origin], { cwd: options.folder, signal });
  const configured = [
    ['remote.origin.url', gateway.url],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.partialclonefilter', 'blob:none'],
  ];
  for (const [key, value] of configured)
    await runGit(['config', key as string, value as string], { cwd: origin, signal });
  const base = `+refs/heads/${baseRef}:refs/heads/base`;
  await workspace.remote(['fetch', '--quiet', '--no-tags', '--filter=blob:none', 'origin', base]);
  // By commit, not by branch: a new attempt starts at the tip of the one before, and its own branch does not exist yet.
  for (const sha of new Set([baseSHA, start])) await ensureCommit(workspace, sha);
}

async function ensureCommit(workspace: Workspace, sha: string): Promise<void> {
  const { origin } = workspace.folders;
  const known = await runGit(['merge-base', '--is-ancestor', sha, 'refs/heads/base'], {
    cwd: origin,
    signal: workspace.signal,
    accept: [1, 128],
    env: { GIT_NO_LAZY_FETCH: '1' },
  });
  if (known.exitCode !== 128) return;
  try {
    await workspace.remote(['fetch', '--quiet', '--no-tags', '--filter=blob:none', 'origin', sha]);
  } catch (cause) {
    if (!(cause instanceof GitFailure)) throw cause;
    throw new TaskFailure(
      'CommitMissing',
      `The repository no longer offers the commit ${sha} that this task starts from; dispatch the task again.`,
      { cause },
    );
  }
}

/** Lazily fetched contents are fetched here, in bulk, since the worktree has no credentials to fetch them later. */
async function fetchContents(workspace: Workspace, start: string, base: string): Promise<void> {
  const { tree } = workspace.folders;
  await workspace.remote(['--work-tree', tree, 'checkout', '--force', '--quiet', start, '--', '.']);
  if (start === base) return;
  await workspace.remote(['diff', '--no-ext-diff', '--no-textconv', '--stat', base, start]);
  const fork = await runGit(['merge-base', base, start], {
    cwd: workspace.folders.origin,
    signal: workspace.signal,
    accept: [1],
  });
  const common = fork.stdout.trim();
  if (common === '' || common === base) return;
  for (const end of [base, start])
    await workspace.remote(['diff', '--no-ext-diff', '--no-textconv', '--stat', common, end]);
}

async function layOut(
  workspace: Workspace,
  origin: string,
  tree: string,
  branch: string,
  start: string,
  signal: AbortSignal,
): Promise<void> {
  await runGit(['init', '--quiet', tree], { cwd: tree, signal });
  await writeFile(join(tree, '.git/objects/info/alternates'), `${join(origin, 'objects')}\n`);
  await runGit(['config', 'gc.auto', '0'], { cwd: tree, signal });
  await runGit(['symbolic-ref', 'HEAD', `refs/heads/${branch}`], { cwd: tree, signal });
  await runGit(['update-ref', `refs/heads/${branch}`, start], { cwd: tree, signal });
  await runGit(['update-ref', 'refs/rig/base', workspace.baseSHA], { cwd: tree, signal });
  await runGit(['reset', '--quiet', '--mixed'], { cwd: tree, signal });
}
