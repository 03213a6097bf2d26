import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  createReadStream,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#lib/observe';
import { workplaces } from '../../double/workplace.ts';
import { SandboxClient } from '../client/client.ts';
import { SandboxRefusal } from '../client/failure.ts';
import { MAX_ASK, MAX_OUTPUT, MAX_TEXT } from '../protocol/index.ts';
import { startSandbox } from './start.ts';

const live = new AbortController().signal;
const FILES = { 'a.txt': 'one\n', '.rig-agent.yaml': '' };

/** A sandbox on a socket, its worktree laid out unless `open` is false. */
async function set(t: TestContext, open = true) {
  const { folder, repository, ...rest } = await workplaces(t, FILES);
  const place = await rest.open();
  const socket = join(repository.scratch, 's.sock');
  const settings = {
    socket,
    egressSocket: join(repository.scratch, 'e.sock'),
    originDir: folder,
    workDir: join(folder, 'box'),
  };
  const sandbox = await startSandbox(settings, process.env, silentLogger);
  t.after(() => sandbox.close());
  const client = new SandboxClient({ socket });
  const { baseSHA: base, startSHA: start } = place.origin;
  const ask = { branch: 'rig/7/1', base, start, author: { name: 'Dev-E', email: 'd@e' }, task: 'team-a/i7' };
  const folders = open ? await client.open(ask, live) : { tree: '', home: '' };
  return { client, socket, settings, tree: folders.tree, base, ask };
}

const raw = (socket: string, path: string, body: string, method = 'POST') =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const sent = request({ socketPath: socket, path, method, agent: false }, async (answer) =>
      resolve({ status: answer.statusCode, body: await text(answer) }),
    );
    sent.on('error', reject);
    sent.end(body);
  });

const refused = (sentence: RegExp) => (error: unknown) =>
  error instanceof SandboxRefusal && sentence.test(error.message);

test('a call that does not fit the protocol is refused with its place and changes nothing', async (t) => {
  const { socket, tree } = await set(t);
  for (const [path, body, why] of [
    ['/v1/write', '{"path":"x"}', /does not fit the protocol at/],
    ['/v1/write', '{"path":"x","content":"","mode":511}', /additional properties/],
    ['/v1/write', 'path=x', /not JSON/],
    ['/v1/run', '{"command":"touch x","seconds":100000}', /seconds must be <= 600/],
    ['/v1/uncommit', '{"head":"--hard"}', /head must match/],
    ['/v1/bundle', '{"head":"HEAD","have":[]}', /does not fit/],
  ] as const) {
    const answer = await raw(socket, path, body);
    assert.equal(answer.status, 422, path);
    assert.match(answer.body, why);
  }
  assert.equal((await raw(socket, '/v1/exec', '{}')).status, 404);
  assert.equal((await raw(socket, '/v1/digest', '', 'GET')).status, 404);
  assert.throws(() => readFileSync(join(tree, 'x')));
});

test('a call larger than the protocol allows is refused before it is read to the end', async (t) => {
  const { socket } = await set(t);
  const answer = await raw(socket, '/v1/write', 'x'.repeat(MAX_ASK + 1)).catch((error: Error) => ({
    status: 0,
    body: error.message,
  }));
  assert.ok(
    answer.status === 422 || answer.status === 413 || /EPIPE|ECONNRESET/.test(answer.body),
    JSON.stringify(answer),
  );
});

test('before a worktree is laid out every other call is refused', async (t) => {
  const { client } = await set(t, false);
  await assert.rejects(client.call('digest', {}, live), refused(/There is no worktree/));
});

test('however much there is, an answer stays within the protocol', async (t) => {
  const { client, tree } = await set(t);
  writeFileSync(join(tree, 'long.txt'), `${'x'.repeat(1_500_000)}\n`);
  writeFileSync(join(tree, 'lines.txt'), `${'y'.repeat(1_900)}\n`.repeat(1_000));
  for (let i = 0; i < 1_100; i++) writeFileSync(join(tree, `m${i}`), '<<<<<<< x\n');
  const shown = [
    (await client.call('read', { path: 'long.txt', from: 1, lines: 800 }, live)).text,
    (await client.call('read', { path: 'lines.txt', from: 1, lines: 800 }, live)).text,
    (await client.call('search', { pattern: '.' }, live)).text,
    (await client.call('run', { command: 'cat lines.txt', seconds: 60 }, live)).output,
  ];
  assert.ok((await client.call('commit', { message: 'Add' }, live)).created);
  shown.push((await client.call('git', { action: 'diff' }, live)).text);
  for (const each of shown) assert.ok(each.length > 1_000 && each.length <= MAX_TEXT);
  assert.ok((shown[3] as string).length <= MAX_OUTPUT + 100);
  assert.equal((await client.call('marks', {}, live)).paths.length, 1_000);
});

test('a caller that goes away ends the command it asked for, with all it started', async (t) => {
  const { client, tree } = await set(t);
  execFileSync('mkfifo', [join(tree, 'alive')]);
  const stop = new AbortController();
  const held = createReadStream(join(tree, 'alive'));
  const running = client.call(
    'run',
    { command: 'exec 7>alive; sleep 1000 & echo up >&7; wait', seconds: 600 },
    stop.signal,
  );
  await once(held, 'data');
  stop.abort(new Error('no longer wanted'));
  await assert.rejects(running, /no longer wanted/);
  // The pipe ends with the last process that holds it.
  await once(held, 'end');
});

test('what runs sees a HOME of its own, the way out, and nothing of who started it', async (t) => {
  process.env.RIG_TOKEN_FILE = '/token';
  t.after(() => delete process.env.RIG_TOKEN_FILE);
  const { client, tree } = await set(t);
  const { output } = await client.call('run', { command: 'env; pwd', seconds: 60 }, live);
  assert.doesNotMatch(output, /^(RIG_|KUBERNETES_|CONTAINER_|ANTHROPIC)/m);
  assert.match(output, /^HOME=.*\/box\/home$/m);
  for (const name of ['HTTP_PROXY', 'https_proxy', 'npm_config_proxy'])
    assert.match(output, new RegExp(`^${name}=http://127\\.0\\.0\\.1:\\d+$`, 'm'));
  assert.match(output, /^NO_PROXY=localhost,127\.0\.0\.1,::1$/m);
  assert.ok(output.trimEnd().endsWith(tree));
});

test('a bundle of a head that is no longer checked out is refused', async (t) => {
  const { client, base } = await set(t);
  await assert.rejects(client.bundle({ head: 'a'.repeat(40), have: [base] }, live), refused(/no longer checked out/));
});

test('a bundle that git gives up on breaks off and is not taken for whole', async (t) => {
  const { client, base, tree } = await set(t);
  writeFileSync(join(tree, 'b.txt'), 'b\n');
  const { head } = await client.call('commit', { message: 'Add b' }, live);
  rmSync(join(tree, '.git/objects', head.slice(0, 2)), { recursive: true });
  await assert.rejects(
    client.call('commit', { message: 'x' }, live),
    (error) => (error as SandboxRefusal).reason === 'GitFailed',
  );
  await assert.rejects(async () => text(await client.bundle({ head, have: [base] }, live)));
});

test('opening again lays out a fresh worktree, whatever the last one was left as', async (t) => {
  const { client, tree, ask } = await set(t);
  writeFileSync(join(tree, 'left.txt'), 'x');
  mkdirSync(join(tree, 'closed/inner'), { recursive: true });
  chmodSync(join(tree, 'closed'), 0o700);
  rmSync(join(tree, '.git'), { recursive: true });
  symlinkSync('/etc', join(tree, '.git'));
  const before = statSync('/etc').mtimeMs;
  await client.open(ask, live);
  assert.equal((await client.call('git', { action: 'status' }, live)).text, '## rig/7/1\n');
  assert.equal(statSync('/etc').mtimeMs, before);
});

test('a runtime that is up first waits for its sandbox, and at most for as long as it is told', async (t) => {
  const { settings, ask } = await set(t, false);
  const socket = `${settings.socket}.late`;
  const client = new SandboxClient({ socket });
  await assert.rejects(client.open(ask, live, 0), /The sandbox of the task cannot be reached \(open\)/);
  const opening = client.open(ask, live);
  const late = await startSandbox({ ...settings, socket }, process.env, silentLogger);
  t.after(() => late.close());
  assert.match((await opening).tree, /\/box\/tree$/);
  const stop = new AbortController();
  const waiting = new SandboxClient({ socket: `${socket}r` }).open(ask, stop.signal);
  stop.abort(new Error('the claim is dead'));
  await assert.rejects(waiting, /the claim is dead/);
});

test('a second server on the same socket is refused while the first one answers', async (t) => {
  const { settings } = await set(t);
  await assert.rejects(startSandbox(settings, process.env, silentLogger), /Somebody listens on .*s\.sock already/);
});
