import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExitCode } from '#lib/terminal';
import { until } from '../kit/cluster-wait.ts';
import { CLI, Command, dataDir, processesOf, run, START } from './command.ts';

/** The one line of a refusal. */
const sentence = (err: string) => err.split('\n').find((line) => line.startsWith('rig: ')) ?? err;

test('Ctrl-C at any moment of the start ends everything and exits with 130', async (t) => {
  const layout = dataDir(t);
  for (const moment of [/^/, /✓ .* (model|forge|postgresql) /, /✓ .* kubernetes /, /✓ .* (proxy|operator|kubelet) /]) {
    const rig = new Command([...START, '--data-dir', layout.root]);
    await rig.says(moment);
    rig.child.kill('SIGINT');
    const { code, err } = await rig.ended;
    assert.equal(code, ExitCode.Interrupted, `at ${moment}: ${err}`);
    await until(`nothing runs after ${moment}`, () => processesOf(layout).length === 0);
  }
});

test('a supervisor killed with SIGKILL leaves no process behind, and the next start finds the rig’s state', async (t) => {
  const layout = dataDir(t);
  const at = ['--data-dir', layout.root];
  const rig = new Command([...CLI, 'up', ...at]);
  await rig.says(/stays up/);
  const made = await run([...CLI, 'kubectl', ...at, 'create', 'configmap', 'kept', '--from-literal=a=b']);
  assert.equal(made.code, 0, made.err);
  rig.child.kill('SIGKILL');
  await rig.ended;
  await until('every process is gone', () => processesOf(layout).length === 0);

  const again = new Command([...CLI, 'up', ...at]);
  await again.says(/stays up/);
  const kept = await run([...CLI, 'kubectl', ...at, 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}']);
  assert.equal(kept.out, 'b', kept.err);
});

test('a machine that does not isolate runs no agent without --allow-unisolated, says why, and leaves nothing behind', async (t) => {
  const layout = dataDir(t);
  const { code, out, err } = await run([...CLI, 'up', '--sample', '--isolation', 'none', '--data-dir', layout.root]);
  assert.equal(code, ExitCode.Environment);
  assert.match(out, /Isolated=False: no agent runs here\./);
  assert.match(sentence(err), /does not isolate.*Isolation is turned off.*--allow-unisolated/);
  assert.deepEqual(processesOf(layout), []);
});

test('a directory with somebody’s files is neither used nor reset', async (t) => {
  const layout = dataDir(t);
  writeFileSync(join(layout.root, 'thesis.txt'), 'years of work');
  const results = [
    await run([...CLI, 'up', '--data-dir', layout.root]),
    await run([...CLI, 'reset', '--data-dir', layout.root]),
  ];
  for (const { code, err } of results) {
    assert.equal(code, ExitCode.Environment);
    assert.match(sentence(err), /files that no rig wrote/);
  }
  assert.ok(existsSync(join(layout.root, 'thesis.txt')));
});

test('no rig up, an unknown command, a context that does not exist: one sentence and a fitting exit code each', async (t) => {
  const layout = dataDir(t);
  const at = ['--data-dir', layout.root];
  const events = await run([...CLI, 'events', ...at]);
  assert.equal(events.code, ExitCode.Environment);
  assert.match(sentence(events.err), /No rig is up/);
  const unknown = await run([...CLI, 'frobnicate']);
  assert.equal(unknown.code, ExitCode.Usage);
  assert.match(unknown.err, /unknown command 'frobnicate'/);
  const context = await run([...CLI, 'up', ...at, '--context', 'nowhere'], { KUBECONFIG: '/dev/null' });
  assert.equal(context.code, ExitCode.Environment);
  assert.match(sentence(context.err), /no context nowhere/);
});
