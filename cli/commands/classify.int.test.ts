import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Work } from '#domain';
import { blobsOf, parseDiff, policyFrom, renderClassified } from '../classify/index.ts';
import { gradeDiff } from './classify.ts';

const folder = mkdtempSync(join(tmpdir(), 'rig-classify-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
const write = (path: string, text: string | Buffer) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};
git('init', '--quiet', '--initial-branch=main');
write('README.md', 'one\n');
write('src/a b.ts', Array.from({ length: 20 }, (_, at) => `line ${at}`).join('\n'));
write('.github/workflows/ci.yml', 'on: [push]\n');
write('gone é.ts', 'x\n');
write('run.sh', 'echo\n');
git('add', '--all');
git('commit', '--quiet', '-m', 'base');

/** The diff of what was written since the base, which is then taken back. */
function diff(change: () => void, ...options: string[]): string {
  change();
  git('add', '--all');
  const text = git('diff', '--cached', ...options);
  git('commit', '--quiet', '--allow-empty', '-m', 'change');
  git('checkout', '--quiet', '--detach', 'HEAD~1');
  return text;
}

const policy = await policyFrom(join(import.meta.dirname, '../../policies/tiers/node.yaml'));
const work: Work = { labels: ['bug'], title: '', taskClass: null, source: '' };
const grade = (text: string, read = blobsOf(folder)) => gradeDiff(text, policy, [], work, read);

test('a diff of git is read with names, modes and lines', () => {
  const text = diff(() => {
    write('README.md', 'one\n--- a/x\n+++ b/y\n');
    git('mv', 'src/a b.ts', 'src/c.ts');
    rmSync(join(folder, 'gone é.ts'));
    chmodSync(join(folder, 'run.sh'), 0o755);
    write('picture.png', Buffer.from([0, 1, 2]));
    write('tab\there.md', 'x');
  }, '-M');
  const { complete, files } = parseDiff(text);
  assert.equal(complete, true);
  const shapes = files.map(({ file: { path, previousPath, status, oldMode, newMode, added, deleted } }) =>
    [path, previousPath, status, oldMode, newMode, added, deleted].join(' '),
  );
  assert.deepEqual(shapes.sort(), [
    'README.md  modified 100644 100644 2 0',
    'gone é.ts  deleted 100644  0 1',
    'picture.png  added  100644  ',
    'run.sh  modified 100644 100755 0 0',
    'src/c.ts src/a b.ts renamed 100644 100644 0 0',
    'tab\there.md  added  100644 1 0',
  ]);
});

test('rig classify names the rule that decides, and the file', () => {
  const graded = grade(diff(() => write('src/new.ts', 'x\n')));
  assert.deepEqual([graded.tier, graded.taskClass, graded.rule, graded.path], ['T1', 'bugfix', 'source', 'src/new.ts']);
  const shown = renderClassified({ of: 'x.diff', policy: 'node', grade: graded });
  assert.match(
    shown,
    /^x\.diff: T1, class bugfix, by source \(TierPolicy node\)\nRule source gives src\/new\.ts tier T1\./,
  );
});

test('what a diff does not have whole is read from the clone, and is T3 outside of one', () => {
  const text = diff(() => write('.github/workflows/ci.yml', 'on:\n  - push\n'));
  assert.equal(grade(text).tier, 'T0');
  assert.deepEqual([grade(text, () => null).tier, grade(text, () => null).rule], ['T3', 'built-in/unreadable']);
});

test('a diff that was cut is T3', () => {
  const text = diff(() => write('README.md', 'two\nthree\n'));
  assert.equal(grade(text).tier, 'T0');
  assert.equal(grade(text.split('\n').slice(0, -2).join('\n')).rule, 'built-in/incomplete');
  assert.equal(grade('this is no diff').rule, 'built-in/incomplete');
});
