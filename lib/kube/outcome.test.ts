import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from './errors.ts';
import { type Outcome, outcomeOfError, outcomeOfResult, Retry, Stalled, Terminal, Waiting } from './outcome.ts';

const table: [string, Outcome, Outcome['kind'], Outcome['requeue'], string | undefined, boolean][] = [
  ['nothing returned', outcomeOfResult(undefined), 'Done', 'never', undefined, false],
  ['requeueAfterMs', outcomeOfResult({ requeueAfterMs: 5 }), 'Done', { afterMs: 5 }, undefined, false],
  ['Stalled', outcomeOfError(new Stalled('NoRepo', 'm')), 'Stalled', 'never', 'Stalled', true],
  ['Terminal', outcomeOfError(new Terminal('Broken', 'm')), 'Terminal', 'never', 'Stalled', true],
  ['Waiting', outcomeOfError(new Waiting(9, 'NotYet', 'm')), 'Waiting', { afterMs: 9 }, 'Reconciling', false],
  ['Retry', outcomeOfError(new Retry('ForgeDown', 'm')), 'Retry', 'backoff', 'Reconciling', true],
  ['any other error', outcomeOfError(new TypeError('bug')), 'Retry', 'backoff', 'Reconciling', true],
  ['a conflict', outcomeOfError(new KubeError('Conflict', 'm')), 'Retry', 'backoff', undefined, false],
  ['no error at all', outcomeOfError('text'), 'Retry', 'backoff', 'Reconciling', true],
  ['a stop', outcomeOfError(new Error('aborted'), true), 'Aborted', 'never', undefined, false],
];

for (const [title, outcome, kind, requeue, condition, event] of table) {
  test(`${title}: outcome ${kind}, requeue ${JSON.stringify(requeue)}`, () => {
    assert.equal(outcome.kind, kind);
    assert.deepEqual(outcome.requeue, requeue);
    assert.equal(outcome.condition?.type, condition);
    assert.equal(outcome.event !== undefined, event);
  });
}

test('an API server that asks to slow down is obeyed', () => {
  const error = new KubeError('TooManyRequests', 'm', { retryAfterMs: 4000 });
  assert.deepEqual(outcomeOfError(error).requeue, { afterMs: 4000 });
});

test('reason, message and cause reach the condition', () => {
  const cause = new Error('inner');
  const error = new Stalled('DuplicateRepository', 'another CR has it', { cause });
  assert.equal(error.cause, cause);
  const expected = { type: 'Stalled', reason: 'DuplicateRepository', message: 'another CR has it' };
  assert.deepEqual(outcomeOfError(error).condition, expected);
});
