import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Origin, type OriginOptions, openOrigin } from '../origin/index.ts';
import { Worktree } from '../sandbox/server/worktree.ts';
import { type GitServer, serveGit } from './gateway.ts';
import { makeRepository, type SampleRepository } from './repository.ts';

export const AUTHOR = { name: 'Dev-E', email: 'dev-e@agents.rig' };
export const TASK = 'team-a/i7';

export interface Workplace {
  readonly origin: Origin;
  readonly worktree: Worktree;
  readonly tree: string;
  /** Commits all that changed as a task does; returns the head. */
  commit(message: string): Promise<string>;
  /** Takes the head over as a task does. */
  receive(head: string): Promise<void>;
}

/** A forge with one repository of `files`, and what makes a runtime's repository and a worktree of it. */
export async function workplaces(t: TestContext, files: Record<string, string>) {
  const repository: SampleRepository & { baseSHA: string } = makeRepository(files);
  const server: GitServer = await serveGit(repository.root);
  t.after(async () => {
    await server.close();
    repository.remove();
  });
  const folder = join(realpathSync(repository.scratch), 'task');
  const { signal } = new AbortController();
  const open = async (more: Partial<OriginOptions> = {}): Promise<Workplace> => {
    const given = {
      branch: 'rig/7/1',
      baseSHA: repository.baseSHA,
      startSHA: null,
      author: AUTHOR,
      task: TASK,
      ...more,
    };
    const gateway = { url: `${server.url}/team/shop.git`, token: () => 'task-token' };
    const origin = await openOrigin({ folder, gateway, baseRef: 'main', signal, ...given });
    const { branch, author, task } = given;
    const ask = { branch, author, task, base: origin.baseSHA, start: origin.startSHA };
    const worktree = await Worktree.open(join(folder, 'work'), join(folder, 'origin.git/objects'), ask, signal);
    const have = [origin.startSHA, origin.baseSHA];
    return {
      origin,
      worktree,
      tree: worktree.folders.tree,
      commit: async (message) => {
        await worktree.commit(message, signal);
        return worktree.head(signal);
      },
      receive: (head) => origin.receive(head, async () => worktree.bundle(have, signal).stdout),
    };
  };
  return { repository, server, open, folder, signal };
}
