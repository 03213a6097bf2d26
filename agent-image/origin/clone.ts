import { rm } from 'node:fs/promises';
import { TaskFailure } from '../failure.ts';
import { GitFailure, runGit } from '../git/index.ts';
import { type OriginOptions, Repository } from './repository.ts';

/**
 * Clones through the gateway: the whole history, but of the contents only those of the base and of where work starts, since
 * whoever reads this repository has no credentials to fetch more.
 */
export async function clone(path: string, options: OriginOptions): Promise<Repository> {
  const { baseSHA, baseRef, signal } = options;
  const repository = new Repository(path, options);
  await rm(path, { recursive: true, force: true });
  // Readable by another uid whatever the umask is, writable by this one alone.
  await runGit(['init', '--quiet', '--bare', '--shared=0644', path], { cwd: options.folder, signal });
  const configured = [
    ['remote.origin.promisor', 'true'],
    ['remote.origin.partialclonefilter', 'blob:none'],
  ];
  for (const [key, value] of configured) await repository.git(['config', key as string, value as string]);
  await fetchCommits(repository, `+refs/heads/${baseRef}:refs/heads/base`);
  const start = options.startSHA ?? baseSHA;
  // By commit, not by branch: a new attempt starts at the tip of the one before, and its own branch does not exist yet.
  for (const sha of new Set([baseSHA, start])) await ensureCommit(repository, sha);
  await fetchContents(repository, baseSHA, start);
  return repository;
}

/** What git writes down of a fetch names where it came from, and the sandbox reads this folder. */
const FETCH = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head'];

async function fetchCommits(repository: Repository, what: string): Promise<void> {
  await repository.remote([...FETCH, '--filter=blob:none', 'origin', what]);
}

async function ensureCommit(repository: Repository, sha: string): Promise<void> {
  if (await repository.has(sha)) return;
  try {
    await fetchCommits(repository, sha);
  } catch (cause) {
    if (!(cause instanceof GitFailure)) throw cause;
    throw new TaskFailure(
      'CommitMissing',
      `The repository no longer offers the commit ${sha} that this task starts from; dispatch the task again.`,
      { cause },
    );
  }
}

/** Base, start, and where the start left the base, so that each can be laid out and compared. */
async function fetchContents(repository: Repository, base: string, start: string): Promise<void> {
  const fork = (await repository.git(['merge-base', base, start], { accept: [1] })).stdout.trim();
  const trees = [...new Set([base, start, fork])].filter(Boolean).map((sha) => `${sha}^{tree}`);
  const listed = await repository.git(['rev-list', '--objects', '--missing=print', ...trees]);
  const missing = listed.stdout
    .split('\n')
    .filter((line) => line.startsWith('?'))
    .map((line) => line.slice(1));
  if (missing.length === 0) return;
  const args = ['-c', 'fetch.negotiationAlgorithm=noop', ...FETCH];
  await repository.remote(
    [...args, '--recurse-submodules=no', '--filter=blob:none', '--stdin', 'origin'],
    `${missing.join('\n')}\n`,
  );
}
