import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand, toolEnvironment } from './index.ts';

const folders = { home: tmpdir(), tmp: tmpdir() };
const options = (more: object = {}) => ({
  cwd: tmpdir(),
  env: toolEnvironment(process.env, folders),
  timeoutMs: 20_000,
  signal: new AbortController().signal,
  ...more,
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await delay(20);
}

test('output and exit code of a command are reported', async () => {
  const result = await runCommand('echo out; echo err >&2; exit 3', options());
  assert.equal(result.exitCode, 3);
  assert.match(result.output, /out/);
  assert.match(result.output, /err/);
});

test('the environment of a command holds none of the variables of the runtime', async () => {
  const env = toolEnvironment({ PATH: process.env.PATH, RIG_TOKEN_FILE: '/x', ANTHROPIC_API_KEY: 'k' }, folders);
  const { output } = await runCommand('env', options({ env }));
  assert.doesNotMatch(output, /RIG_|ANTHROPIC/);
  assert.match(output, /^CI=true$/m);
});

test('a command over its time is killed with all it started', async () => {
  const result = await runCommand('sleep 1000 & echo $!; wait', options({ timeoutMs: 400 }));
  assert.deepEqual([result.exitCode, result.timedOut], [null, true]);
  await gone(Number(result.output.trim()));
});

test('what a command leaves in the background is gone when it returns', async () => {
  const { output, exitCode } = await runCommand('sleep 1000 & echo $!', options());
  assert.equal(exitCode, 0);
  await gone(Number(output.trim()));
});

test('an abort kills the group and throws its reason', async () => {
  const stop = new AbortController();
  const running = runCommand('sleep 1000', options({ signal: stop.signal }));
  stop.abort(new Error('stop now'));
  await assert.rejects(running, /stop now/);
});

test('no command outlives its server when that is killed with SIGKILL', async () => {
  const script = `
    import { runCommand } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    import { statSync } from 'node:fs';
    setInterval(() => statSync(process.env.PIDFILE, { throwIfNoEntry: false })?.size > 0 && process.kill(process.pid, 'SIGKILL'), 20);
    await runCommand('echo $$ > "$PIDFILE"; exec sleep 1000', { cwd: '/', env: process.env, timeoutMs: 60000, signal: new AbortController().signal });`;
  const dir = await mkdtemp(`${tmpdir()}/rig-exec-`);
  try {
    const pidFile = `${dir}/pid`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, PIDFILE: pidFile },
      stdio: 'inherit',
    });
    await once(server, 'exit');
    await gone(Number((await readFile(pidFile, 'utf8')).trim()));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
