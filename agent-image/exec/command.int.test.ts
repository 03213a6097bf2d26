import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommand, toolEnvironment } from './index.ts';

const folders = { home: tmpdir(), tmp: tmpdir() };
const options = (more: object = {}) => ({
  cwd: tmpdir(),
  env: toolEnvironment(process.env, folders),
  timeoutMs: 20_000,
  signal: new AbortController().signal,
  maxOutput: 1_000,
  ...more,
});

/** A command that holds a pipe open, itself and in the background, for as long as any part of it lives. */
function holding(t: TestContext, more = 'wait') {
  const folder = mkdtempSync(join(tmpdir(), 'rig-exec-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pipe = join(folder, 'alive');
  execFileSync('mkfifo', [pipe]);
  const held = createReadStream(pipe);
  return {
    command: `exec 7>${pipe}; sleep 1000 & echo up >&7; ${more}`,
    started: once(held, 'data'),
    gone: once(held, 'end'),
  };
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

test('a command over its time is killed with all it started', async (t) => {
  const { command, gone } = holding(t);
  const result = await runCommand(command, options({ timeoutMs: 400 }));
  assert.deepEqual([result.exitCode, result.timedOut], [null, true]);
  await gone;
});

test('what a command leaves in the background is gone when it returns', async (t) => {
  const { command, gone } = holding(t, 'exit 0');
  assert.equal((await runCommand(command, options())).exitCode, 0);
  await gone;
});

test('an abort kills the group and throws its reason', async (t) => {
  const { command, started, gone } = holding(t);
  const stop = new AbortController();
  const running = runCommand(command, options({ signal: stop.signal }));
  await started;
  stop.abort(new Error('stop now'));
  await assert.rejects(running, /stop now/);
  await gone;
});

test('no command outlives its server when that is killed with SIGKILL', async (t) => {
  const { command, started, gone } = holding(t);
  const script = `
    import { runCommand } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const { signal } = new AbortController();
    await runCommand(process.argv[1], { cwd: '/', env: {}, timeoutMs: 1e6, maxOutput: 100, signal });`;
  const server = spawn(process.execPath, ['--input-type=module', '-e', script, command], { stdio: 'inherit' });
  await started;
  server.kill('SIGKILL');
  await gone;
});
