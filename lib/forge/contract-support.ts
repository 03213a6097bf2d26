import assert from 'node:assert/strict';
import type { ForgeWorld } from './contract.ts';
import { ForgeError, type ForgeErrorCode } from './error.ts';
import type { PullRequestSummary } from './facts.ts';

/** Fails unless the promise rejects with a ForgeError of one of these codes, and of a definite outcome. */
export async function refused(promise: Promise<unknown>, ...codes: ForgeErrorCode[]): Promise<ForgeError> {
  const error = await promise.then(
    (value) => assert.fail(`it succeeded with ${JSON.stringify(value)?.slice(0, 200)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ForgeError, `not a ForgeError: ${error}`);
  assert.ok(codes.includes(error.code), `${error.code} instead of ${codes.join(' or ')}: ${error.message}`);
  assert.equal(error.outcome, 'definite');
  return error;
}

let branches = 0;

/** A pull request of the developer on a branch of its own that changes line 2 of a.txt. */
export async function openPull(
  { developer, repo, push }: ForgeWorld,
  body = 'A change.',
): Promise<PullRequestSummary & { branch: string; sha: string }> {
  const branch = `rig/contract-${++branches}/1`;
  const sha = await push(branch, linesWith(branch));
  const pull = await developer.createPullRequest(repo, { head: branch, base: 'main', title: `Change ${branch}`, body });
  return { ...pull, branch, sha };
}

export function linesWith(second: string): string {
  return ['one', second, 'three', 'four', 'five', ''].join('\n');
}
