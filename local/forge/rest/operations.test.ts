import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationOf } from './operations.ts';

test('a path is the operation of GitHub with the most literal template that fits', () => {
  const cases = [
    ['GET', '/repos/o/r/issues/comments/5', 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}'],
    ['GET', '/repos/o/r/contents/a/b.txt', 'GET /repos/{owner}/{repo}/contents/{path}'],
    ['PUT', '/repos/o/r/pulls/1/merge', 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge'],
    ['GET', '/no/such/path', undefined],
  ] as const;
  for (const [method, path, operation] of cases) assert.equal(operationOf(method, path), operation);
});
