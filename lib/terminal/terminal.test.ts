import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerminal } from './index.ts';

function streams(isTTY = false) {
  const written = { out: '', err: '' };
  const to = (stream: 'out' | 'err') => ({
    isTTY,
    write: (text: string) => {
      written[stream] += text;
    },
  });
  return { written, stdout: to('out'), stderr: to('err') };
}

test('with --json standard output holds the result alone, and text for people goes to standard error', () => {
  const { written, stdout, stderr } = streams();
  const terminal = createTerminal({ json: true, stdout, stderr, env: {} });
  terminal.say('a step');
  terminal.result({ done: true }, 'Done.');
  assert.deepEqual(written, { out: '{"done":true}\n', err: 'a step\n' });
});

test('without --json the result is its text, and warnings go to standard error', () => {
  const { written, stdout, stderr } = streams();
  const terminal = createTerminal({ stdout, stderr, env: {} });
  terminal.warn('mind this');
  terminal.result({ done: true }, 'Done.');
  assert.deepEqual(written, { out: 'Done.\n', err: 'mind this\n' });
});

test('colours appear on a terminal alone, and not where NO_COLOR is set', () => {
  const coloured = (isTTY: boolean, env: NodeJS.ProcessEnv) =>
    createTerminal({ ...streams(isTTY), env }).colours.green('x') !== 'x';
  assert.deepEqual([coloured(true, {}), coloured(false, {}), coloured(true, { NO_COLOR: '1' })], [true, false, false]);
});
