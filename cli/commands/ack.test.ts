import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCLI } from '../cli.ts';
import { renderAck } from './ack.ts';

const acked = {
  issue: { namespace: 'team', name: 'fix-1' },
  gate: 7,
  by: 'ada',
  at: '2026-03-02T12:00:00Z',
  note: null,
  already: false,
};

test('who sees to an issue is said in one line, and that nothing changed where it was said before', () => {
  assert.equal(renderAck(acked), 'ada sees to fix-1 since 2026-03-02T12:00:00Z');
  assert.equal(
    renderAck({ ...acked, note: 'On it.', already: true }),
    'ada sees to fix-1 since 2026-03-02T12:00:00Z: On it. (nothing changed)',
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  assert.doesNotMatch(renderAck({ ...acked, by: 'a\u001b[31m', note: '\u0007' }), /[\u0007\u001b]/);
});

test('a note that is too long is a wrong command line, before anything is asked of a cluster', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  try {
    assert.equal(await runCLI(['ack', 'fix-1', '--note', 'x'.repeat(1_025)]), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.match(told.join(''), /The note has 1025 characters; make it at most 1024/);
});
