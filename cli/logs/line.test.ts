import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerminal, ExitError } from '#lib/terminal';
import { inOrder, lineFor } from './line.ts';
import { parseSince } from './since.ts';

const { colours } = createTerminal({ env: { NO_COLOR: '1' } });
const at = (moment: string, text = '') => ({ at: moment, source: 's', text });

test('lines of several sources come in the order of their moments, whatever their precision', () => {
  const lines = ['05.2Z', '05.123456789Z', '04Z', '05.123456788Z', '05.1Z'].map((s) => at(`2026-01-02T03:04:${s}`));
  assert.deepEqual(
    inOrder(lines).map((line) => line.at.slice(17)),
    ['04Z', '05.1Z', '05.123456788Z', '05.123456789Z', '05.2Z'],
  );
});

test('a line of JSON is told as a sentence with its fields, another as it is, and neither can rewrite the terminal', () => {
  const json = '{"level":40,"time":"t","name":"n","correlationId":"c","msg":"heartbeat failed","tries":3,"task":"a"}';
  assert.match(
    lineFor(at('2026-01-02T03:04:05Z', json), colours),
    /^\d\d:\d\d:\d\d s warn heartbeat failed tries=3 task=a$/,
  );
  assert.match(lineFor(at('2026-01-02T03:04:05Z', 'plain \u001b[2Jtext'), colours), / s plain \[2Jtext$/);
});

test('a duration is read with its units, and what is none is refused with an example', () => {
  assert.deepEqual(['30s', '10m', '1h30m', '2d'].map(parseSince), [30, 600, 5_400, 172_800]);
  for (const bad of ['', '0s', '10', 'soon', '-5m', '5m!', '1.5h'])
    assert.throws(
      () => parseSince(bad),
      (error) => error instanceof ExitError && /is no duration: write it as 30s/.test(error.message),
      bad,
    );
});
