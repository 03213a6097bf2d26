import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { edit, openRegular, readPage, write } from './files.ts';
import { Refused } from './refused.ts';
import { search } from './search.ts';

function set(t: TestContext) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'rig-tools-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const tree = join(root, 'tree');
  mkdirSync(join(tree, '.git'), { recursive: true });
  mkdirSync(join(tree, 'src'));
  writeFileSync(join(tree, '.git/config'), 'secret');
  writeFileSync(join(tree, 'src/a.js'), 'one\ntwo\ntwo\n');
  writeFileSync(join(root, 'outside.txt'), 'outside');
  symlinkSync('../outside.txt', join(tree, 'link.txt'));
  symlinkSync('..', join(tree, 'up'));
  symlinkSync('../nowhere.txt', join(tree, 'dangling.txt'));
  symlinkSync('.git', join(tree, 'alias'));
  const { signal } = new AbortController();
  const calls: Record<string, (ask: never) => Promise<string>> = {
    read: async (ask: { path: string }) => (await readPage(tree, { from: 1, lines: 800, ...ask })).text,
    write: (ask) => write(tree, ask),
    edit: (ask) => edit(tree, ask),
    search: (ask) => search(tree, ask, signal),
  };
  const call = async (name: string, ask: object) => {
    try {
      return { text: (await calls[name]?.(ask as never)) ?? '', isError: false };
    } catch (error) {
      if (error instanceof Refused) return { text: error.message, isError: true };
      throw error;
    }
  };
  return { root, tree, call };
}

test('a file is read with line numbers, a page at a time', async (t) => {
  const { call } = set(t);
  assert.equal((await call('read', { path: 'src/a.js' })).text, '1\tone\n2\ttwo\n3\ttwo');
  assert.equal((await call('read', { path: 'src/a.js', from: 2, lines: 1 })).text, '2\ttwo\n… 1 more lines');
  assert.match((await call('read', { path: 'src/a.js', from: 9 })).text, /has 3 lines only/);
});

test('no path leads out of the worktree, by dots, by root, or by a symbolic link', async (t) => {
  const { root, call } = set(t);
  for (const path of [
    '../outside.txt',
    `${root}/outside.txt`,
    'link.txt',
    'up/outside.txt',
    '/etc/passwd',
    'src/../../outside.txt',
  ])
    for (const [name, input] of [
      ['read', {}],
      ['write', { content: 'x' }],
      ['edit', { old: 'o', new: 'x' }],
    ] as const) {
      const answer = await call(name, { path, ...input });
      assert.deepEqual([answer.isError, /outside the worktree/.test(answer.text)], [true, true], `${name} ${path}`);
    }
  assert.equal(readFileSync(join(root, 'outside.txt'), 'utf8'), 'outside');
});

test('a write through a link to nowhere is refused', async (t) => {
  const { root, call } = set(t);
  assert.match((await call('write', { path: 'dangling.txt', content: 'x' })).text, /symbolic link/);
  assert.equal(existsSync(join(root, 'nowhere.txt')), false);
});

test('git folders are closed, also under another case or another name', async (t) => {
  const { call } = set(t);
  for (const path of ['.git/config', '.GIT/config', 'src/.git/hooks/x', 'alias/config'])
    assert.match((await call('write', { path, content: 'x' })).text, /belongs to git/, path);
});

test('edit replaces exactly one occurrence and refuses none or many', async (t) => {
  const { tree, call } = set(t);
  assert.equal(
    (await call('edit', { path: 'src/a.js', old: 'one\n', new: '$& 1\n' })).text,
    'Edited src/a.js at line 1.',
  );
  assert.equal(readFileSync(join(tree, 'src/a.js'), 'utf8'), '$& 1\ntwo\ntwo\n');
  assert.match((await call('edit', { path: 'src/a.js', old: 'two', new: 'x' })).text, /more than once/);
  assert.match((await call('edit', { path: 'src/a.js', old: 'six', new: 'x' })).text, /does not occur/);
});

test('write makes the folders it needs', async (t) => {
  const { tree, call } = set(t);
  await call('write', { path: 'lib/deep/b.js', content: 'b' });
  assert.equal(readFileSync(join(tree, 'lib/deep/b.js'), 'utf8'), 'b');
});

test('search finds by expression, lists by name, sees nothing of git, and takes no option from the model', async (t) => {
  const { call } = set(t);
  assert.equal((await call('search', { pattern: 't.o' })).text, 'src/a.js:2:two\nsrc/a.js:3:two\n');
  assert.equal((await call('search', { glob: '*.js' })).text, 'src/a.js\n');
  assert.equal((await call('search', { pattern: 'secret' })).text, 'Nothing found.');
  assert.equal((await call('search', { pattern: '--pre=sh' })).text, 'Nothing found.');
  assert.match((await call('search', { pattern: '(' })).text, /The search failed/);
  assert.match((await call('search', { pattern: 'x', path: '..' })).text, /outside the worktree/);
});

test('what is no regular file is neither read nor written, so that no call waits for its other end', async (t) => {
  const { tree, call } = set(t);
  const pipe = join(tree, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Lets go of whoever waits after all, so that a failure is seen.
  const far = setTimeout(() => openSync(pipe, constants.O_RDWR), 3_000);
  t.after(() => clearTimeout(far));
  const began = performance.now();
  for (const [name, input] of [
    ['write', { content: 'x' }],
    ['read', {}],
    ['edit', { old: 'o', new: 'x' }],
  ] as const)
    assert.match((await call(name, { path: 'pipe', ...input })).text, /pipe is no regular file/, name);
  assert.ok(performance.now() - began < 2_500);
});

test('a pipe put in place of a file between the look and the call holds nobody', async (t) => {
  const { tree } = set(t);
  const pipe = join(tree, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(openRegular(pipe, 'pipe', constants.O_WRONLY), Refused);
  await assert.rejects(openRegular(pipe, 'pipe', constants.O_RDONLY), Refused);
  symlinkSync('src/a.js', join(tree, 'late.js'));
  await assert.rejects(openRegular(join(tree, 'late.js'), 'late.js', constants.O_RDONLY), Refused);
});

test('a binary file, a folder and a missing file are refused in words', async (t) => {
  const { tree, call } = set(t);
  writeFileSync(join(tree, 'bin'), Buffer.from([0, 1]));
  assert.match((await call('read', { path: 'bin' })).text, /not a text file/);
  assert.match((await call('read', { path: 'src' })).text, /no regular file/);
  assert.match((await call('read', { path: 'none.js' })).text, /There is no file/);
});
