import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Assignment, PullRequestRequest, ThreadsRequest, VerdictRequest } from '#lib/conductor';
import { replayApp } from '../../local/replay/app.ts';
import { readReplay } from '../../local/replay/index.ts';
import { anAssignment } from '../double/assignment.ts';
import { serveGit } from '../double/gateway.ts';
import { makeRepository } from '../double/repository.ts';
import { playTask } from '../double/task.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const shipped = (name: string) => readFileSync(join(root, 'local/sample', name), 'utf8');

function packageFiles(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return Object.fromEntries(
    files.filter((path) => statSync(path).isFile()).map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  );
}

const repository = makeRepository({
  ...packageFiles(join(root, 'node_modules/rig-sample')),
  '.rig-agent.yaml': shipped('rig-agent.yaml'),
});
const server = await serveGit(repository.root);
after(async () => {
  await server.close();
  repository.remove();
});
const replay = replayApp({ replay: readReplay(shipped('replay.yaml'), 'replay.yaml'), where: 'replay.yaml' });
const issue = parse(shipped('issue.yaml')) as { title: string; body: string };
const bin = join(root, 'node_modules/.bin');
const env = { PATH: `${bin}:${process.env.PATH}`, NODE_PATH: join(root, 'node_modules') };
const branchSHA = () => {
  const found = repository.git('for-each-ref', '--format=%(objectname)', 'refs/heads/rig/i7/1');
  return found === '' ? null : found;
};

let plays = 0;
function play(kind: 'implement' | 'rework' | 'review', more: Partial<Assignment> = {}) {
  const given = anAssignment(kind, more);
  const sha = branchSHA();
  const assignment = {
    ...given,
    issue: { ...given.issue, ...issue },
    git: { ...given.git, baseSHA: repository.baseSHA, branchSHA: sha },
    pullRequest:
      sha === null ? null : { number: 12, url: 'http://forge.test/12', headSHA: sha, title: 'Take a lone dash' },
  };
  const scratch = join(repository.scratch, `play-${++plays}`);
  return playTask({
    assignment,
    scratch,
    gitURL: server.url,
    provider: async (url, init) => replay.request(url, init),
    env,
  });
}

const endOf = (played: Awaited<ReturnType<typeof play>>) =>
  played.conductor.events.at(-1) as {
    type: string;
    data: { reason: string; result: string; message: string; tokens: { output: number } };
  };
const show = (path: string) => repository.git('show', `rig/i7/1:${path}`);
const commentOf = (request: VerdictRequest) => request.comments[0] as VerdictRequest['comments'][number];
let threads: Assignment['threads'] = [];

test('the sample is implemented: fix and test are pushed and the pull request tells the proof', async () => {
  const played = await play('implement');
  assert.deepEqual([endOf(played).data.reason, played.exitCode], ['Delivered', 0]);
  assert.match(show('index.js'), /\^\(-\|--\)\\w/);
  assert.match(show('test/dash.js'), /a lone dash is the value of a long option/);
  const [opened] = played.conductor.bodies('pull-request') as PullRequestRequest[];
  assert.match(opened?.proof ?? '', /The tests passed on [0-9a-f]{40}.*`tape test\/\*\.js`[\s\S]*# ok/);
  assert.match(repository.git('log', '-1', '--format=%B', 'rig/i7/1'), /\n\nRig-Task: team-a\/i7-implement$/);
  assert.ok(endOf(played).data.tokens.output > 0);
});

test('an implementation that starts over on its own pushed branch delivers it again without a new commit', async () => {
  const before = branchSHA();
  const played = await play('implement');
  assert.equal(endOf(played).data.reason, 'Delivered');
  assert.equal(branchSHA(), before);
});

test('the sample is reviewed: a change is requested on the line that was changed', async () => {
  const played = await play('review');
  assert.equal(endOf(played).data.reason, 'VerdictGiven');
  const [given] = played.conductor.bodies('verdict') as VerdictRequest[];
  assert.equal(given?.verdict, 'request-changes');
  const { path, line, body } = commentOf(given as VerdictRequest);
  assert.match(show(path).split('\n')[line - 1] ?? '', /\\w\/\.test\(next\)/);
  threads = [{ id: 'PRRT_1', path, line, resolved: false, mayResolve: true, comments: [{ author: 'Review-E', body }] }];
});

test('the objection of the reviewer is true of the first fix and not of the old code', () => {
  const parser = (source: string) => {
    const module = { exports: (_: string[]): unknown => undefined };
    new Function('module', 'exports', source)(module, module.exports);
    return module.exports;
  };
  assert.deepEqual(parser(show('index.js'))(['--file', '-?']), { file: '-?', _: [] });
  assert.deepEqual(parser(repository.git('show', 'main:index.js'))(['--file', '-?']), { file: true, '?': true, _: [] });
  assert.deepEqual(parser(repository.git('show', 'main:index.js'))(['--file', '-']), { file: true, _: ['-'] });
});

test('the sample is reworked: the line is changed, the thread is resolved after the push', async () => {
  const feedback = [{ source: 'review' as const, title: 'Changes requested', body: 'See the line.' }];
  const played = await play('rework', { threads, feedback });
  assert.equal(endOf(played).data.reason, 'Delivered');
  assert.match(show('index.js'), /next === '-' \|\| /);
  const calls = played.conductor.seen.map(({ call }) => call);
  assert.ok(calls.indexOf('pull-request') < calls.indexOf('threads'));
  const [sent] = played.conductor.bodies('threads') as ThreadsRequest[];
  assert.deepEqual(
    sent?.resolve.map(({ id }) => id),
    ['PRRT_1'],
  );
});

test('a rework that starts over after its push, before or after its thread was resolved, ends well', async () => {
  const before = branchSHA();
  for (const resolved of [false, true]) {
    const played = await play('rework', { threads: threads.map((thread) => ({ ...thread, resolved })) });
    assert.equal(endOf(played).data.reason, 'Delivered', endOf(played).data.message);
    assert.equal(played.conductor.bodies('threads').length, resolved ? 0 : 1);
  }
  assert.equal(branchSHA(), before);
});

test('the reworked sample is approved', async () => {
  const played = await play('review', { threads: threads.map((thread) => ({ ...thread, resolved: true })) });
  const [given] = played.conductor.bodies('verdict') as VerdictRequest[];
  assert.deepEqual([given?.verdict, given?.comments], ['approve', []]);
});
