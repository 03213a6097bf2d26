import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readChange } from './history.ts';

let clone = '';
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: clone,
    encoding: 'utf8',
  });
const write = (path: string, text: string | Uint8Array) => writeFileSync(join(clone, path), text);
const commit = (title: string) => {
  git('add', '--all');
  git('commit', '--quiet', '--message', title);
  return git('rev-parse', 'HEAD').trim();
};

before(() => {
  clone = mkdtempSync(join(tmpdir(), 'history-'));
  git('init', '--quiet', '--initial-branch', 'main');
  write('query.sql', 'SELECT 1;\nSELECT 2;\nSELECT 3;\n');
  write('run.sh', 'true\n');
  write('old name.ts', 'export const secretive = 1;\n'.repeat(9));
  commit('Begin');
});
after(() => rmSync(clone, { recursive: true, force: true }));

test('a commit of a real clone is read with renames, modes, links, binaries and outlines', () => {
  write('query.sql', 'SELECT 1;\nDROP TABLE people;\nSELECT 3;\n');
  chmodSync(join(clone, 'run.sh'), 0o755);
  renameSync(join(clone, 'old name.ts'), join(clone, 'new ñame.ts'));
  symlinkSync('run.sh', join(clone, 'link'));
  write('logo.png', Uint8Array.of(0, 255, 1));
  const { title, files } = readChange(clone, commit('Drop people'));
  assert.equal(title, 'Drop people');
  const seen = files.map(({ path, previousPath, status, oldMode, newMode, added, outline }) => [
    path,
    previousPath,
    status,
    oldMode,
    newMode,
    added,
    typeof outline === 'object' ? outline.after : outline,
  ]);
  const sql = files.find(({ path }) => path === 'query.sql')?.outline;
  assert.match(typeof sql === 'object' ? (sql.after ?? '') : '', /^DROP TABLE \w{6};$/);
  assert.deepEqual(
    seen.filter(([path]) => path !== 'query.sql'),
    [
      ['link', null, 'added', null, '120000', 1, undefined],
      ['logo.png', null, 'added', null, '100644', null, 'unreadable'],
      ['new ñame.ts', 'old name.ts', 'renamed', '100644', '100644', 0, ''],
      ['run.sh', null, 'modified', '100644', '100755', 0, ''],
    ],
  );
});

test('a commit that the clone does not have is an error', () => {
  assert.throws(() => readChange(clone, '1'.repeat(40)));
});
