import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startPod } from './double/pod.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const STEPS = `
steps:
  - name: write
    when: { kind: implement, toolCallsSoFar: 0 }
    answer: { toolUse: [{ name: write, input: { path: a.txt, content: "changed\\n" } }] }
  - name: done
    when: { kind: implement, lastTool: write }
    answer: { toolUse: [{ name: done, input: { title: Change a, what: a, why: b, risk: c } }] }
`;

const FILES = { 'a.txt': 'one\n', '.rig-agent.yaml': 'testCommand: grep -q changed a.txt\n' };

test('the program works a task to its pull request and exits with 0', async (t) => {
  const { child, double, repository } = await startPod(t, { files: FILES, steps: STEPS });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(repository.git('show', 'rig/i7/1:a.txt'), 'changed');
  assert.equal((double.events.at(-1)?.data as { reason: string } | undefined)?.reason, 'Delivered');
});

test('SIGTERM while a command of the model runs: exit 143 at once, no report', async (t) => {
  const sleeping = STEPS.replace(
    'name: write, input: { path: a.txt, content: "changed\\n" }',
    'name: shell, input: { command: sleep 1000 }',
  );
  const { child, double, asked } = await startPod(t, { files: FILES, steps: sleeping });
  await asked;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 143);
  assert.deepEqual(
    double.events.map(({ id }) => id),
    ['started'],
  );
});

test('without its settings the program names them and exits with 1', async () => {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  const said = text(child.stderr);
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
  assert.match(await said, /cannot start: RIG_CONDUCTOR_URL is missing/);
});
