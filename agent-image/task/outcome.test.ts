import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConductorError } from '#lib/conductor';
import { NO_TOKENS } from '#lib/llm';
import { Stop, TaskFailure } from '../failure.ts';
import { endEvent, exitCode, outcomeOf } from './outcome.ts';

test('a dead fence and a cancel stop without a report, the deadline is reported', () => {
  assert.ok(outcomeOf(new Stop('DeadFence', 'x')) instanceof Stop);
  assert.ok(outcomeOf(new Stop('Cancelled', 'x')) instanceof Stop);
  assert.ok(outcomeOf(new ConductorError('DeadFence', 'x')) instanceof Stop);
  assert.deepEqual(outcomeOf(new Stop('Deadline', 'late')), {
    kind: 'failed',
    reason: 'DeadlineExceeded',
    message: 'late',
  });
});

test('every error ends as a failure with a reason and a sentence', () => {
  const reason = (error: unknown) => (outcomeOf(error) as { reason: string }).reason;
  assert.equal(reason(new TaskFailure('TestsFailed', 'x')), 'TestsFailed');
  assert.equal(reason(new ConductorError('Unavailable', 'x')), 'ConductorUnavailable');
  assert.equal(reason(new ConductorError('Refused', 'x')), 'ConductorRefused');
  assert.equal(reason(new RangeError('x')), 'InternalError');
  assert.equal(reason('text'), 'InternalError');
});

test('only a failed task exits with 1', () => {
  assert.equal(exitCode({ kind: 'failed', reason: 'X', message: '' }), 1);
  assert.equal(exitCode({ kind: 'succeeded', reason: 'Delivered', message: '' }), 0);
  assert.equal(exitCode({ kind: 'stuck', evidence: '' }), 0);
});

test('a message of any length fits the report', () => {
  const event = endEvent({ kind: 'failed', reason: 'X', message: 'm'.repeat(9_999) }, NO_TOKENS);
  assert.equal((event.data as { message: string }).message.length, 4_096);
});
