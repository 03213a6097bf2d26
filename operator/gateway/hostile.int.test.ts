import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { claimedIssue, endTask, type TestApi, type TestTask } from '../api/task.int-kit.ts';
import { type AgentGit, gatewayForFile } from './git.int-kit.ts';
import { FLUSH, pkt, ZERO } from './pkt.ts';

let rig: TestConductor;
let api: TestApi;
let git: AgentGit;
const log: string[] = [];
const answers: string[] = [];

before(async () => {
  ({ rig, api, git } = await gatewayForFile({}, pino({ level: 'trace' }, { write: (line: string) => log.push(line) })));
});

const tip = async (branch: string): Promise<string> =>
  (await rig.world.git('work', 'ls-remote', rig.world.remote('boss'), `refs/heads/${branch}`)).split('\t')[0] ?? '';

interface Raw {
  readonly status: number;
  readonly text: string;
}

async function post(task: TestTask, body: Uint8Array, headers: Record<string, string> = {}): Promise<Raw> {
  const answer = await api.app.request(`${task.path}/git/git-receive-pack`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { authorization: `Bearer ${task.token}`, ...headers },
  });
  const text = await answer.text();
  answers.push(JSON.stringify([...answer.headers]), text);
  return { status: answer.status, text };
}

function pushOf(task: TestTask, to: string, pack: Buffer, from = ZERO): Buffer {
  return Buffer.concat([pkt(`${from} ${to} refs/heads/${task.branch}\0report-status`), FLUSH, pack]);
}

/** A clone with one commit that was not pushed, and the pack that holds what the base has not. */
async function unpushed(name: string): Promise<{ task: TestTask; clone: string; sha: string; pack: Buffer }> {
  const task = await claimedIssue(api, name);
  const clone = await git.clone(task, name);
  const sha = await git.commit(clone, `${name}.txt`, `${name}\n`);
  const list = `${sha}\n^${await git.ok(clone, null, 'rev-parse', 'origin/main')}\n`;
  const pack = execFileSync('git', ['pack-objects', '--revs', '--stdout', '-q', '--thin'], {
    cwd: git.at(clone),
    input: list,
  });
  return { task, clone, sha, pack };
}

test('a pack with a flipped byte is refused as damaged, and the same push whole is taken', async () => {
  const { task, sha, pack } = await unpushed('damaged');
  const damaged = Buffer.from(pack);
  damaged[damaged.length - 30]! ^= 0xff;
  const { status, text } = await post(task, pushOf(task, sha, damaged));
  assert.equal(status, 200);
  assert.match(text, /ng refs\/heads\/rig\/damaged\/1 the pack is damaged/);
  assert.equal(await tip(task.branch), '');
  assert.match((await post(task, pushOf(task, sha, pack))).text, /ok refs\/heads\/rig\/damaged\/1/);
  assert.equal(await tip(task.branch), sha);
});

test('a commit whose objects are not in the push is refused', async () => {
  const { task, clone, sha } = await unpushed('missing');
  const alone = execFileSync('git', ['pack-objects', '--stdout', '-q'], { cwd: git.at(clone), input: `${sha}\n` });
  assert.match((await post(task, pushOf(task, sha, alone))).text, /ng .*(objects|pack)/);
  assert.match((await post(task, pushOf(task, sha, Buffer.alloc(0)))).text, /ng .*objects that the commit needs/);
  assert.equal(await tip(task.branch), '');
});

test('an old sha that is not the tip is refused, and git is told to fetch', async () => {
  const { task, sha, pack } = await unpushed('stale');
  const { text } = await post(task, pushOf(task, sha, pack, 'a'.repeat(40)));
  assert.match(text, /is at nothing, not at a{40}; fetch and push again/);
  assert.equal(await tip(task.branch), '');
});

test('a deletion sent past the client is refused', async () => {
  const { task, sha, pack } = await unpushed('removed');
  await post(task, pushOf(task, sha, pack));
  assert.match(
    (await post(task, pushOf(task, ZERO, Buffer.alloc(0), sha))).text,
    /cannot delete refs\/heads\/rig\/removed\/1/,
  );
  assert.equal(await tip(task.branch), sha);
});

test('bytes that are no push are 400, and an unknown service is refused', async () => {
  const { task } = await unpushed('noise');
  const { status, text } = await post(task, Buffer.from('GET / HTTP/1.1'));
  assert.equal(status, 400);
  assert.equal(text, 'This is no push: the push is not in pkt-line format.\n');
  const dumb = await api.app.request(`${task.path}/git/info/refs`, {
    headers: { authorization: `Bearer ${task.token}` },
  });
  assert.equal(dumb.status, 403);
});

test('a body over the limit and a gzip bomb are 413, broken gzip is 400', async () => {
  const { task } = await unpushed('bomb');
  const declared = await post(task, Buffer.from('x'), { 'content-length': String(65 * 1024 * 1024) });
  assert.equal(declared.status, 413);
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
  assert.ok(bomb.length < 100_000);
  const { status, text } = await post(task, bomb, { 'content-encoding': 'gzip' });
  assert.equal(status, 413);
  assert.match(text, /unpacks to more than \d+ bytes; push less/);
  assert.equal((await post(task, Buffer.from('no gzip'), { 'content-encoding': 'gzip' })).status, 400);
});

test('a gzipped push is taken', async () => {
  const { task, sha, pack } = await unpushed('gzipped');
  const { text } = await post(task, gzipSync(pushOf(task, sha, pack)), { 'content-encoding': 'gzip' });
  assert.match(text, /ok refs\/heads/);
  assert.equal(await tip(task.branch), sha);
});

test('a dead fence is 409 on every git route, and a git client prints the sentence', async () => {
  const { task, clone, sha, pack } = await unpushed('dead');
  await endTask(api, task);
  const headers = { authorization: `Bearer ${task.token}` };
  for (const [method, route] of [
    ['GET', 'info/refs?service=git-upload-pack'],
    ['GET', 'info/refs?service=git-receive-pack'],
    ['POST', 'git-upload-pack'],
  ] as const)
    assert.equal((await api.app.request(`${task.path}/git/${route}`, { method, headers })).status, 409, route);
  assert.equal((await post(task, pushOf(task, sha, pack))).status, 409);
  const { code, stderr } = await git.push(task, clone);
  assert.notEqual(code, 0);
  assert.match(stderr, /remote: Task dead-implement-1-1 no longer holds its claim; stop/);
});

test('a fence that dies while the pack is read leaves the forge as it is', async () => {
  const { task, sha, pack } = await unpushed('late');
  const { forges } = rig.conductor;
  const forAgent = forges.forAgent.bind(forges);
  let asked = 0;
  forges.forAgent = async (...args) => {
    // The second time is for the write, after the call was let in and the tips were read.
    if (++asked === 2) await endTask(api, task);
    return forAgent(...args);
  };
  const { status, text } = await post(task, pushOf(task, sha, pack));
  forges.forAgent = forAgent;
  assert.equal(asked, 2);
  assert.equal(status, 409);
  assert.match(text, /no longer holds its claim/);
  assert.equal(await tip(task.branch), '');
});

test('a forge that is away is 503 with a sentence, and the push succeeds once it is back', async () => {
  const { task, clone, sha, pack } = await unpushed('away');
  await rig.world.forge.close();
  const push = await post(task, pushOf(task, sha, pack));
  assert.deepEqual([push.status, push.text], [503, 'The forge cannot be reached now; ask again.\n']);
  assert.match((await git.push(task, clone)).stderr, /remote: The forge cannot be reached now; ask again\./);
  assert.match((await git.run(clone, task, 'fetch', git.remote(task))).stderr, /remote: The forge does not answer/);
  await rig.world.open();
  const again = await git.push(task, clone);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(await tip(task.branch), sha);
});

test('git is started without a credential in its arguments', async () => {
  const { task, clone } = await unpushed('arguments');
  const folder = git.at('recorder');
  await mkdir(folder);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\necho "$@" >> ${folder}/arguments\nexec ${real} "$@"\n`;
  await writeFile(join(folder, 'git'), script, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  const pushed = await git.push(task, clone);
  process.env.PATH = path;
  assert.equal(pushed.code, 0, pushed.stderr);
  const seen = await readFile(join(folder, 'arguments'), 'utf8');
  assert.match(seen, /push --quiet --no-verify --force-with-lease=/);
  answers.push(seen.replaceAll(task.token, ''));
});

test('no answer, no argument list and no log line so far holds a credential of the forge', () => {
  assert.ok(answers.length > 20 && log.length > 0);
  for (const token of rig.world.tokens.values()) {
    for (const form of [token, Buffer.from(`x-access-token:${token}`).toString('base64')]) {
      assert.ok(!answers.some((answer) => answer.includes(form)), 'an answer holds a credential');
      assert.ok(!log.some((line) => line.includes(form)), 'the log holds a credential');
    }
  }
});
