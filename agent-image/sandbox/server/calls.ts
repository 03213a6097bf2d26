import { runCommand } from '../../exec/index.ts';
import { clipped } from '../../text/index.ts';
import type { AnswerTo, Ask, CallName } from '../protocol/index.ts';
import { MAX_OUTPUT, MAX_PATHS } from '../protocol/index.ts';
import { edit, readPage, write } from './files.ts';
import { Refused } from './refused.ts';
import { search } from './search.ts';
import type { Place } from './settings.ts';
import { Worktree } from './worktree.ts';

export type Calls = {
  readonly [N in CallName]: (ask: Ask<N>, signal: AbortSignal) => Promise<AnswerTo<N>>;
};

/** Holds the worktree once it is laid out. */
export class Desk {
  #worktree: Worktree | undefined;

  get worktree(): Worktree {
    if (this.#worktree === undefined) throw new Refused('There is no worktree: it is laid out by open.');
    return this.#worktree;
  }

  async open(place: Place, ask: Ask<'open'>, signal: AbortSignal): Promise<Worktree> {
    this.#worktree = await Worktree.open(place.workDir, place.objects, ask, signal);
    return this.#worktree;
  }
}

/** What each call does. */
export function callsOf(place: Place, desk: Desk): Calls {
  const tree = () => desk.worktree.folders.tree;
  return {
    open: async (ask, signal) => {
      const { folders } = await desk.open(place, ask, signal);
      return { tree: folders.tree, home: folders.home };
    },
    read: (ask) => readPage(tree(), ask),
    write: async (ask) => ({ text: await write(tree(), ask) }),
    edit: async (ask) => ({ text: await edit(tree(), ask) }),
    search: async (ask, signal) => ({ text: await search(tree(), ask, signal) }),
    run: (ask, signal) => run(place, desk.worktree, ask, signal),
    git: async ({ action }, signal) => ({ text: await told(desk.worktree, action, signal) }),
    commit: ({ message }, signal) => commit(desk.worktree, message, signal),
    uncommit: async ({ head }, signal) => {
      await desk.worktree.uncommit(head, signal);
      return {};
    },
    merge: async (_, signal) => ({ conflicts: some(await desk.worktree.merge(signal)) }),
    marks: async (_, signal) => ({ paths: some(await desk.worktree.marks(signal)) }),
    digest: async (_, signal) => ({ digest: await desk.worktree.digest(signal) }),
  };
}

/** As many paths as anybody reads. */
function some(paths: readonly string[]): string[] {
  return paths.slice(0, MAX_PATHS);
}

async function run(place: Place, worktree: Worktree, ask: Ask<'run'>, signal: AbortSignal): Promise<AnswerTo<'run'>> {
  const { tree, home } = worktree.folders;
  const ran = await runCommand(ask.command, {
    cwd: tree,
    env: place.environment(home),
    timeoutMs: ask.seconds * 1_000,
    signal,
    maxOutput: MAX_OUTPUT,
  });
  return { ...ran, head: await worktree.head(signal) };
}

async function told(worktree: Worktree, action: Ask<'git'>['action'], signal: AbortSignal): Promise<string> {
  const args =
    action === 'status'
      ? ['status', '--short', '--branch']
      : ['log', '--no-color', '--max-count=30', '--format=%h %an %ad %s', '--date=short'];
  return clipped(action === 'diff' ? await worktree.diff(signal) : (await worktree.git(args, signal)).stdout, 40_000);
}

async function commit(worktree: Worktree, message: string, signal: AbortSignal): Promise<AnswerTo<'commit'>> {
  const created = await worktree.commit(message, signal);
  const head = await worktree.head(signal);
  if (!created) return { head, created, stat: '' };
  const { stdout } = await worktree.git(['show', '--stat', '--format=', 'HEAD'], signal);
  return { head, created, stat: clipped(stdout.trim(), 20_000) };
}
