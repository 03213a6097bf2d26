import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerResponse } from '#lib/conductor';
import { renderExplanation, renderLedger } from './trust.ts';

const line: LedgerResponse['lines'][number] = {
  agent: 'dev-e',
  agentUid: 'uid',
  taskClass: 'docs',
  model: 'model-1',
  ceiling: 'T1',
  streak: 4,
  acknowledged: true,
  cooldownUntil: null,
  moves: [{ at: '2026-03-02T12:00:00.000Z', from: 'T0', to: 'T1', cause: 'promoted', by: 'stream-1/1' }],
};
const ledger = (...lines: LedgerResponse['lines']): LedgerResponse => ({ namespace: 'tenant-a', streak: 20, lines });

test('the ledger is a table that says what holds a line back and which command helps', () => {
  const shown = renderLedger(
    ledger(line, { ...line, acknowledged: false }, { ...line, cooldownUntil: '2026-04-01T12:00:00.000Z' }),
  );
  assert.match(shown, /dev-e +docs +model-1 +T1 +4\/20 +-/);
  assert.match(shown, /a new model: rig trust ack dev-e model-1/);
  assert.match(shown, /a rollback, until 2026-04-01T12:00:00\.000Z/);
  assert.match(renderLedger(ledger()), /everyone is at T0/);
});

test('an explanation says of each change in a sentence why it counted or not, and shows no control characters', () => {
  const change = {
    id: 'stream-2/1',
    issue: 'widgets-2\u001b[31m',
    tier: 'T0',
    verdict: 'TrustEmptyChange',
    mergedAt: '2026-03-03T12:00:00.000Z',
    countsAt: null,
    rolledBackAt: null,
    question: 'Was it?',
  };
  const shown = renderExplanation(ledger({ ...line, changes: [change] }));
  assert.match(shown, /4 of 20 successes towards the next/);
  assert.match(shown, /T0 → T1 {2}earned \(stream-1\/1\)/);
  assert.match(shown, /The change consists of white space\. Asked: Was it\?/);
  assert.ok(!shown.includes('\u001b'));
});
