import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startCollector } from '../test/kit/otlp.ts';
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

test('the program tells of its work in spans of one trace: the agent, its model, its tools, and which of them failed', async (t) => {
  await using collector = await startCollector();
  const traceId = '0199a1b2c3d47e5f8a9b0c1d2e3f4a5b';
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRACEPARENT: `00-${traceId}-00000000000000aa-01` };
  const failing = STEPS.replace('name: write, input: { path: a.txt', 'name: write, input: { path: ../a.txt');
  const mended = `${failing.replace('lastTool: write', 'toolCallsSoFar: 2')}  - name: again
    when: { kind: implement, toolCallsSoFar: 1 }
    answer: { toolUse: [{ name: write, input: { path: a.txt, content: "changed\\n" } }] }
`;
  const { child } = await startPod(t, { files: FILES, steps: mended, env });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  const [agent] = named('invoke_agent Dev-E');
  assert.deepEqual([agent?.traceId, agent?.parentSpanId, agent?.failed], [traceId, '00000000000000aa', false]);
  assert.deepEqual(
    named('execute_tool write').map(({ failed, attributes }) => [failed, attributes['error.type']]),
    [
      [true, 'tool_error'],
      [false, undefined],
    ],
  );
  assert.deepEqual([named('chat model-1').length, named('execute_tool done').length], [3, 1]);
  for (const { parentSpanId, name } of collector.spans)
    if (name !== agent?.name) assert.equal(parentSpanId, agent?.spanId, name);
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
