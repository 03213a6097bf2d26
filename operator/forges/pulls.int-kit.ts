import { createForge, type Forge } from '#lib/forge';
import type { World } from '../../local/forge/testing/world.ts';

export const repo = { owner: 'acme', name: 'widgets' };
let pulls = 0;

/** The forge as that account sees it, without a pause between two writes. */
export function as(world: World, login: string): Forge {
  return createForge({ baseURL: world.forge.apiURL, token: world.tokens.get(login)!, writeIntervalMs: 0 });
}

/** An open pull request of a branch of its own, which changes a line of `a.txt`. */
export async function newPull(world: World): Promise<{ number: number; head: string; branch: string }> {
  pulls += 1;
  const branch = `rig/pulls-${pulls}/1`;
  await world.git('work', 'fetch', '-q', world.remote('dev'), '+refs/heads/*:refs/remotes/origin/*');
  const head = await world.branch(branch, `one\nchange ${pulls}\nthree\nfour\nfive\nsix\nseven\neight\n`);
  const { number } = await world.pull(branch);
  return { number, head, branch };
}

/** A review that asks for changes, with one thread; answers the thread's id. */
export async function newThread(world: World, number: number, head: string): Promise<string> {
  const comments = [{ path: 'a.txt', line: 2, body: 'Why?' }];
  const review = { commitSHA: head, event: 'REQUEST_CHANGES', body: 'No.', comments } as const;
  await as(world, 'reviewer').createReview(repo, number, review);
  return (await as(world, 'dev').pullRequest(repo, number)).threads[0]!.id;
}
