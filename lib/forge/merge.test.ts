import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, scripted, socketFailure } from './doubles.ts';
import { ForgeError } from './error.ts';
import { createForge } from './github.ts';

const SHA = 'a'.repeat(40);
const repo = { owner: 'o', name: 'n' };

function merging(step: Parameters<typeof scripted>[0], still?: () => Promise<void>) {
  const { fetch, asked } = scripted(step);
  const forge = createForge({
    baseURL: 'http://forge.test',
    token: 'ghp_0123456789abcdefABCDEF',
    fetch,
    writeIntervalMs: 0,
  });
  const result = forge.merge(repo, 7, {
    sha: SHA,
    method: 'squash',
    title: 'T',
    message: 'M',
    ...(still && { still }),
  });
  return { result, asked };
}

test('a merge sends the head it was decided on, the method and the words', async () => {
  const { result, asked } = merging(json({ merged: true, sha: 'b'.repeat(40), message: 'ok' }));
  assert.deepEqual(await result, { merged: true, sha: 'b'.repeat(40) });
  assert.equal(asked[0]?.method, 'PUT');
  assert.equal(asked[0]?.url, 'http://forge.test/repos/o/n/pulls/7/merge');
  assert.deepEqual(asked[0]?.body, { sha: SHA, merge_method: 'squash', commit_title: 'T', commit_message: 'M' });
});

const refusals = [
  [409, 'Head branch was modified. Review and try the merge again.', 'HeadMoved'],
  [405, 'Pull Request is not mergeable', 'NotMergeable'],
  [405, 'Base branch was modified. Review and try the merge again.', 'NotMergeable'],
  [405, 'Squash merges are not allowed on this repository.', 'Refused'],
  [405, 'At least 1 approving review is required by reviewers with write access.', 'Refused'],
  [405, 'Repository rule violations found', 'Refused'],
  [403, 'Resource not accessible by integration', 'Refused'],
  [422, 'Validation Failed', 'Refused'],
] as const;

for (const [status, message, code] of refusals)
  test(`a merge answered ${status} "${message}" is ${code}, sent once`, async () => {
    const { result, asked } = merging(json({ message }, status));
    const answer = await result;
    assert.ok(!answer.merged);
    assert.deepEqual([answer.code, asked.length], [code, 1]);
    assert.ok(answer.message.includes(message));
  });

test('a merge whose facts hold no longer is not sent, and fails with what says so', async () => {
  const old = new Error('grown old');
  const { result, asked } = merging(json({ merged: true, sha: SHA, message: 'ok' }), () => Promise.reject(old));
  await assert.rejects(result, (error) => error === old);
  assert.equal(asked.length, 0);
});

const errors = [
  ['a server failure', json({ message: 'x' }, 502), 'Unavailable', 'unknown'],
  ['a cut connection', socketFailure('ECONNRESET'), 'Unavailable', 'unknown'],
  ['success without a commit', json({ merged: true }), 'Malformed', 'unknown'],
  [
    'a secondary rate limit',
    json({ message: 'You have exceeded a secondary rate limit' }, 403),
    'RateLimited',
    'definite',
  ],
  ['404', json({ message: 'Not Found' }, 404), 'NotFound', 'definite'],
  ['401', json({ message: 'Bad credentials' }, 401), 'Unauthorized', 'definite'],
] as const;

for (const [name, step, code, outcome] of errors)
  test(`a merge answered with ${name} rejects with ${code}, outcome ${outcome}`, async () => {
    const { result, asked } = merging(step);
    await assert.rejects(
      result,
      (error: unknown) => error instanceof ForgeError && error.code === code && error.outcome === outcome,
    );
    assert.equal(asked.length, 1);
  });
