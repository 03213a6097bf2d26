import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startForge } from './index.ts';
import { marked, probed, skip, wallWith } from './runner/wall.int-kit.ts';
import { World } from './testing/world.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

let world: World;
let child: ChildProcess | undefined;
before(async () => {
  world = await World.start();
});
after(async () => {
  child?.kill('SIGKILL');
  await world.close();
});

/** The world's forge as a process of its own over the same data. */
async function startProgram(
  args: string[] = [],
): Promise<{ process: ChildProcess; url: string; apiURL: string; graphqlURL: string }> {
  const env = { ...process.env, RIG_FORGE_ADMIN_TOKEN: 'admin-token-of-the-tests' };
  const started = spawn(process.execPath, [MAIN, '--data-dir', join(world.dir, 'data'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child = started;
  const [line] = (await once(createInterface(started.stdout!), 'line')) as [string];
  return { process: started, ...JSON.parse(line) };
}

async function useProgram(args: string[] = []): Promise<ChildProcess> {
  const { process: started, ...urls } = await startProgram(['--webhook-retry', '1', ...args]);
  world.forge = { ...urls, port: 0, close: async () => void started.kill('SIGKILL') };
  return started;
}

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !holds(); await setTimeout(20))
    assert.ok(Date.now() < deadline, `${holds}`);
}

test('a data directory is used by one forge at a time', async () => {
  const options = { dataDir: join(world.dir, 'data'), adminToken: 'admin-token-of-the-tests' };
  await assert.rejects(startForge(options), { code: 'DataDirInUse' });
});

test('everything is there again after kill -9, and what git has but nobody was told is told', async () => {
  await world.branch('work-1', 'changed\n');
  const pull = await world.pull('work-1', { body: 'text' });
  await world.rest('reviewer', `POST /repos/acme/widgets/pulls/${pull.number}/reviews`, { event: 'APPROVE' }, 200);
  await world.listener.settled();
  await world.forge.close();
  const first = await useProgram();
  const { body: before } = await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}`);
  first.kill('SIGKILL');
  await once(first, 'exit');
  const bare = join(world.dir, 'data', 'repositories', 'acme', 'widgets.git');
  await access(bare);
  const sha = await world.commit('work', 'late.txt', 'late\n', 'late');
  await world.git('work', 'push', '-q', bare, 'work-1');
  const since = world.listener.received.length;
  await useProgram();
  const { payload } = await world.listener.next('pull_request', 'synchronize', since);
  assert.deepEqual([payload.before, payload.after], [pull.head.sha, sha]);
  const { body: after } = await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}`);
  assert.deepEqual([after.id, after.body, after.head.sha], [before.id, 'text', sha]);
  const { body: reviews } = await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}/reviews`);
  assert.equal(reviews[0].commit_id, pull.head.sha);
});

test('a forge killed at once after an answer still delivers the event', async () => {
  const since = world.listener.received.length;
  world.listener.answers.push(503);
  await world.rest('dev', 'POST /repos/acme/widgets/issues', { title: 'Survives' }, 201);
  child!.kill('SIGKILL');
  await once(child!, 'exit');
  await useProgram();
  const { payload } = await world.listener.next('issues', 'opened', since);
  assert.equal(payload.issue.title, 'Survives');
});

test('a forge that is killed leaves no test running behind the wall, and the next one runs it again', {
  skip,
}, async () => {
  const mark = `rig-killed-${process.pid}`;
  await world.forge.close();
  if (child !== undefined && child.signalCode === null) await once(child, 'exit');
  const behindTheWall = ['--ci-isolation', JSON.stringify(wallWith(probed.userNamespace))];
  await useProgram(behindTheWall);
  await world.admin('PUT', '/repositories/acme/widgets/ci', {
    command: `setsid sh -c 'while :; do sleep 0.1; done' ${mark} & wait`,
  });
  await world.branch('endless', 'endless\n');
  await world.pull('endless');
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await until(() => marked(mark).length === 1);
    child!.kill(signal);
    await once(child!, 'exit');
    await until(() => marked(mark).length === 0);
    await useProgram(behindTheWall);
  }
  await world.admin('DELETE', '/repositories/acme/widgets/ci');
});

test('SIGTERM ends the program with 0, and bad arguments end it with 1 and one sentence', async () => {
  child!.kill('SIGTERM');
  assert.deepEqual(await once(child!, 'exit'), [0, null]);
  const env = { ...process.env, RIG_FORGE_ADMIN_TOKEN: 'short' };
  const bad = spawn(process.execPath, [MAIN, '--data-dir', join(world.dir, 'x')], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  bad.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  assert.deepEqual(await once(bad, 'exit'), [1, null]);
  assert.equal(said, 'The admin token is too short; give one of at least 16 characters.\n');
});
