import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { World } from '../testing/world.ts';

const worlds: World[] = [];
after(() => Promise.all(worlds.map((world) => world.close())));

async function worldWith(ci?: Record<string, unknown>): Promise<World> {
  const world = await World.start({ ci });
  worlds.push(world);
  return world;
}

async function ciOf(world: World, sha: string) {
  const { body } = await world.rest('dev', `GET /repos/acme/widgets/commits/${sha}/check-runs`);
  return body.check_runs[0];
}

test('each pushed head is tested for real: red, then green, queued and completed told once each', async () => {
  const world = await worldWith({
    command: 'echo "$GITHUB_REPOSITORY on $GITHUB_SHA: $WORD"; grep -q fixed a.txt',
    env: { WORD: 'hi' },
  });
  const red = await world.branch('ci', 'broken\n');
  await world.pull('ci');
  const failed = await world.listener.next('check_run', 'completed');
  assert.deepEqual([failed.payload.check_run.conclusion, failed.payload.check_run.head_sha], ['failure', red]);
  assert.equal(failed.payload.check_run.app.slug, 'rig-ci');
  assert.match(failed.payload.check_run.output.summary, /ended with exit code 1 after/);
  assert.equal(failed.payload.check_run.output.text, `acme/widgets on ${red}: hi\n`);
  await world.listener.settled();
  const since = world.listener.received.length;
  const green = await world.commit('work', 'a.txt', 'fixed\n', 'fix');
  await world.git('work', 'push', '-q', world.remote('dev'), 'ci');
  await world.listener.next('check_suite', 'completed', since);
  assert.equal((await ciOf(world, green)).conclusion, 'success');
  assert.deepEqual(world.listener.names(since), [
    'push',
    'pull_request.synchronize',
    'check_run.created',
    'check_run.completed',
    'check_suite.completed',
  ]);
});

test('a branch without a pull request is not tested, a push to the default branch is', async () => {
  const world = await worldWith({ command: 'true' });
  const branch = await world.branch('quiet', 'quiet\n');
  const since = world.listener.received.length;
  await world.git('work', 'push', '-q', world.remote('dev'), 'quiet:main');
  await world.listener.next('check_run', 'completed', since);
  assert.equal((await ciOf(world, branch)).conclusion, 'success');
  assert.equal(world.listener.names().filter((name) => name === 'check_run.created').length, 1);
});

test('without a test command a repository gets no check run', async () => {
  const world = await worldWith();
  const sha = await world.branch('none', 'none\n');
  await world.pull('none');
  await world.listener.settled();
  assert.equal(await ciOf(world, sha), undefined);
});

test('a command over its time limit is timed_out and its whole process group is gone', async () => {
  const world = await worldWith({ command: 'sleep 300 & echo $! > "$PIDFILE"; wait', timeoutSeconds: 1, env: {} });
  const pidFile = join(world.dir, 'pid');
  await world.admin('PUT', '/repositories/acme/widgets/ci', {
    command: 'sleep 300 & echo $! > "$PIDFILE"; wait',
    timeoutSeconds: 1,
    env: { PIDFILE: pidFile },
  });
  await world.branch('slow', 'slow\n');
  await world.pull('slow');
  const { payload } = await world.listener.next('check_run', 'completed');
  assert.equal(payload.check_run.conclusion, 'timed_out');
  await gone(Number(readFileSync(pidFile, 'utf8')));
});

test('stopping the forge ends a running command, and the next start runs it again to its end', async () => {
  const world = await worldWith({ command: 'true' });
  const started = join(world.dir, 'started');
  const go = join(world.dir, 'go');
  const command = `echo $$ > ${started}; while [ ! -e ${go} ]; do sleep 0.05; done`;
  await world.admin('PUT', '/repositories/acme/widgets/ci', { command });
  const sha = await world.branch('again', 'again\n');
  await world.pull('again');
  while (!existsSync(started)) await setTimeout(10);
  assert.deepEqual((await world.admin('GET', '/ci')).body, { open: 1 });
  await world.forge.close();
  await gone(Number(readFileSync(started, 'utf8')));
  const { writeFileSync } = await import('node:fs');
  writeFileSync(go, '');
  await world.open();
  await world.listener.next('check_run', 'completed');
  assert.equal((await ciOf(world, sha)).conclusion, 'success');
  assert.deepEqual((await world.admin('GET', '/ci')).body, { open: 0 });
  assert.equal(world.listener.names().filter((name) => name === 'check_run.created').length, 1);
});

/** Waits until the process is gone; a zombie that nobody reaped counts as gone. */
async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : undefined;
    if (stat === undefined || / Z /.test(stat)) return;
    assert.ok(Date.now() < deadline, `process ${pid} still runs`);
    await setTimeout(20);
  }
}
