import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventsError } from '#lib/events';
import { Stalled } from '#lib/kube';
import { explain } from './outcome.ts';

test('an Issue that is known as two subjects stands still for a person, who is told what helps', () => {
  const told = explain(new EventsError('SubjectConflict', 'The Issue team/x is known as two subjects.'), 0);
  assert.ok(told instanceof Stalled);
  assert.deepEqual(
    [told.reason, /Delete the Issue object and apply it again/.test(told.message)],
    ['DuplicateIssue', true],
  );
});

test('an error that says nothing of what the issue stands on stays what it is', () => {
  const error = new TypeError('A mistake of ours.');
  assert.equal(explain(error, 0), error);
});
