import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerminal } from '#lib/terminal';
import { createSteps } from './steps.ts';

function setUp() {
  const lines: string[] = [];
  const stdout = { write: (text: string) => void lines.push(text.trimEnd()) };
  let now = 0;
  const steps = createSteps(createTerminal({ stdout, env: {} }), () => now);
  return { lines, steps, pass: (ms: number) => (now += ms) };
}

test('a step that is done shows its time, its name and what came of it', async () => {
  const { lines, steps, pass } = setUp();
  await steps.run(
    'forge',
    async () => pass(1_234),
    () => 'http://here',
  );
  assert.deepEqual(lines, ['✓    1.2 s  forge          http://here']);
});

test('a step that takes long says so about every ten seconds, unless it speaks itself', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { lines, steps, pass } = setUp();
  const work = Promise.withResolvers<void>();
  let speak: (line: string) => void = () => {};
  const running = steps.run('build', (progress) => {
    speak = progress;
    return work.promise;
  });
  const second = () => {
    pass(1_000);
    t.mock.timers.tick(1_000);
  };
  for (let i = 0; i < 10; i++) second();
  speak('half of it');
  for (let i = 0; i < 9; i++) second();
  work.resolve();
  await running;
  assert.deepEqual(lines.slice(0, -1), ['  … build: 10.0 s', '  … half of it']);
});

test('a step that fails shows nothing as done and passes its error on', async () => {
  const { lines, steps } = setUp();
  await assert.rejects(
    steps.run('forge', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.deepEqual(lines, []);
});
