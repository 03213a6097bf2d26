import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDataDir } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { parseOptions } from '../options.ts';
import { openSource } from './source.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rig-source-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function options(more: object) {
  const base = {
    dataDir: '/d',
    json: false,
    once: false,
    sample: true,
    allowUnisolated: false,
    isolation: 'auto' as const,
    ciNetwork: false,
    kubelet: false,
  };
  return parseOptions(JSON.stringify({ ...base, logs: false, ports: {}, setupSeconds: 0, ...more }));
}

function git(path: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', path, ...identity, ...args], { encoding: 'utf8' }).trim();
}

function repository(t: TestContext, files: Record<string, string>): string {
  const path = join(folder(t), 'My Project');
  mkdirSync(path);
  git(path, 'init', '--quiet', '--initial-branch=trunk');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  if (Object.keys(files).length > 0) {
    git(path, 'add', '.');
    git(path, 'commit', '--quiet', '-m', 'first');
  }
  return path;
}

const usage = (words: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === ExitCode.Usage && words.test(error.message);

test('the sample is the published package in one commit that is the same on every machine', async (t) => {
  const [one, two] = await Promise.all([1, 2].map(() => openSource(options({}), openDataDir(folder(t)))));
  assert.ok(one && two);
  assert.equal(git(one.path, 'rev-parse', 'main'), git(two.path, 'rev-parse', 'main'));
  assert.deepEqual([one.name, one.testCommand, one.defaultBranch], ['minimist', 'tape test/*.js', 'main']);
  assert.match(git(one.path, 'ls-files'), /^\.rig-agent\.yaml$/m);
  assert.doesNotMatch(git(one.path, 'ls-files'), /node_modules/);
});

test('a repository of one’s own: its checked-out branch, and the command that was named', async (t) => {
  const repo = repository(t, { 'a.txt': 'a' });
  const source = await openSource(options({ repo, testCommand: 'make check' }), openDataDir(folder(t)));
  assert.deepEqual(source, {
    path: repo,
    name: 'my-project',
    defaultBranch: 'trunk',
    testCommand: 'make check',
    isSample: false,
  });
});

test('a repository that says in .rig-agent.yaml how it is tested needs no flag', async (t) => {
  const repo = repository(t, { '.rig-agent.yaml': 'testCommand: npm test\n' });
  assert.equal((await openSource(options({ repo }), openDataDir(folder(t)))).testCommand, 'npm test');
});

test('a repository without tests, without a commit, or no repository at all: one sentence each', async (t) => {
  const open = (repo: string) => openSource(options({ repo }), openDataDir(folder(t)));
  await assert.rejects(open(repository(t, { 'a.txt': 'a' })), usage(/says nowhere how it is tested.*--test-command/));
  await assert.rejects(open(repository(t, {})), usage(/has no commit yet/));
  await assert.rejects(open(folder(t)), usage(/is no git repository.*git init/));
});
