import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { sourceFiles } from '../suites/files.ts';
import { checkMergePath } from './merge-path.ts';

const root = join(import.meta.dirname, '..', '..');

test('one code path can call merge: each of its steps is taken once, in its own file', () => {
  assert.deepEqual(checkMergePath(root, sourceFiles(root)), []);
});

const path = {
  'operator/issues/actions.ts': 'await mergeIssue(step);',
  'operator/issues/merge.ts': 'export async function mergeIssue() {}\nconductor.writes.merge(target);',
  'operator/forges/writes.ts': 'forge.merge(repo);',
  'lib/forge/merge.ts': 'octokit.rest.pulls.merge(where);',
};
const strays: [string, string, RegExp][] = [
  ['operator/intake/commands.ts', 'await mergeIssue(step);', /commands\.ts carries out the action merge/],
  [
    'operator/api/routes.ts',
    'await forge.merge(repo, 7, request);',
    /routes\.ts merges at a forge: only operator\/forges/,
  ],
  ['operator/api/other.ts', 'conductor.writes.merge(target)', /other\.ts asks for the effect merge/],
  [
    'cli/merge.ts',
    "octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge')",
    /cli\/merge\.ts sends a merge/,
  ],
  ['lib/forge/graphql.ts', 'mutation { enqueuePullRequest }', /graphql\.ts sends a merge/],
  ['operator/issues/merge.ts', 'writes.merge(a); writes.merge(b);', /in 2 places instead of one/],
];
for (const [file, text, says] of strays) {
  test(`a second way to merge is found: ${text} in ${file}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'merge-path-'));
    try {
      const files = { ...path, [file]: text };
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      assert.match(checkMergePath(folder, Object.keys(files)).join('\n'), says);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
