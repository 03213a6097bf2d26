import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Assignment, TaskEvent, Thread } from '#lib/conductor';
import type { Task } from './conductor.ts';
import { work } from './work.ts';

/** A task on real git, whose conductor notes what it is told. */
function taskOf(t: TestContext, kind: Assignment['task']['kind'], threads: readonly Thread[] = []) {
  const root = mkdtempSync(join(tmpdir(), 'pull-agent-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], { cwd: root, encoding: 'utf8' }).trim();
  git('init', '-q', '--bare', 'git');
  git('clone', '-q', 'git', 'seed');
  writeFileSync(join(root, 'seed', 'a.txt'), 'a\n');
  git('-C', 'seed', 'add', '-A');
  git('-C', 'seed', 'commit', '-q', '-m', 'a');
  git('-C', 'seed', 'push', '-q', 'origin', 'HEAD:refs/heads/main');
  const told = { plans: [] as string[], resolved: [] as string[], events: [] as TaskEvent[] };
  const assignment = {
    task: { kind },
    agent: { name: 'dev-e' },
    issue: { number: 7, title: 'Add a note' },
    git: { branch: 'rig/note/1', baseSHA: git('-C', 'seed', 'rev-parse', 'HEAD'), branchSHA: null },
    threads,
  } as unknown as Assignment;
  const task = {
    url: root,
    authorization: 'Authorization: Bearer x',
    assignment: async () => assignment,
    beat: async () => false,
    report: async (...events: TaskEvent[]) => void told.events.push(...events),
    openPullRequest: async () => ({ number: 1, url: 'http://forge/pull/1' }),
    plan: async ({ text }: { text: string }) => {
      told.plans.push(text);
      return { url: 'http://forge/issues/7#c1', digest: 'sha256:0' };
    },
    resolve: async (list: readonly { id: string }[]) => void told.resolved.push(...list.map(({ id }) => id)),
  } as unknown as Task;
  const branches = () => git('--git-dir', 'git', 'branch', '--format', '%(refname:short)').split('\n');
  const done = (script: string) => work(task, ['sh', '-c', script], new AbortController().signal);
  return { told, branches, done };
}

const thread = (id: string, mayResolve: boolean, resolved = false): Thread => ({
  ...{ id, path: 'a.txt', line: 1, resolved, mayResolve },
  comments: [],
});

test('of the open threads of a pull request those are resolved that a task may resolve', async (t) => {
  const threads = [thread('reviewer', true), thread('person', false), thread('settled', true, true)];
  const { told, branches, done } = taskOf(t, 'rework', threads);
  assert.match(await done('echo b > b.txt'), /^succeeded: /);
  assert.deepEqual(told.resolved, ['reviewer']);
  assert.deepEqual(branches(), ['main', 'rig/note/1']);
});

test('a plan is what the command writes, and nothing is pushed', async (t) => {
  const { told, branches, done } = taskOf(t, 'plan');
  assert.match(await done('echo "One file." > "$RIG_PLAN"; echo b > b.txt'), /^succeeded: The plan is at http/);
  assert.deepEqual(told.plans, ['One file.\n']);
  assert.deepEqual(branches(), ['main']);
});

test('a command that writes no plan has failed, and says so', async (t) => {
  const { told, done } = taskOf(t, 'plan');
  assert.match(await done('true'), /^failed: .*RIG_PLAN/);
  assert.deepEqual(told.plans, []);
  assert.equal(told.events.at(-1)?.type, 'TASK_FINISHED');
});
