import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue } from '#crds';
import { explainIssue, renderWhy } from './why.ts';

const since = '2026-03-02T12:00:00Z';
const row = (name: string, state: string, reason: string, message = `${name} says so.`) => ({
  name,
  state,
  reason,
  since,
  message,
});
const issue = (status: object): Issue =>
  ({ metadata: { namespace: 'team', name: 'fix-1' }, spec: {}, status }) as unknown as Issue;
const waiting = issue({
  phase: 'InReview',
  why: 'Required checks have not reported.',
  conditions: [{ type: 'Ready', status: 'True', reason: 'ChecksMissing', message: '', lastTransitionTime: since }],
  gates: [
    row('target', 'Passed', 'Passed'),
    row('mergeable', 'Unknown', 'MergeabilityPending'),
    row('ci', 'Waiting', 'ChecksMissing'),
    row('threads', 'Failed', 'ThreadsOpen', 'Ada has to resolve it.'),
  ],
});

test('why names first what somebody must do, then the other gates in the order of the table', () => {
  const told = explainIssue(waiting);
  assert.equal(told.missing?.gate, 'threads');
  const lines = renderWhy(told).split('\n');
  assert.deepEqual(lines.slice(0, 2), [
    `fix-1 InReview (ChecksMissing since ${since})`,
    'Required checks have not reported.',
  ]);
  assert.deepEqual(
    lines.slice(4).map((line) => line.split(/\s+/)[0]),
    ['threads', 'target', 'mergeable', 'ci'],
  );
  assert.match(lines[4]!, /^threads\s+Failed\s+ThreadsOpen\s+2026-03-02T12:00:00Z\s+Ada has to resolve it\.$/);
});

test('why of an issue that waits for a person names no gate, though one is open', () => {
  const told = explainIssue(issue({ ...waiting.status, phase: 'AwaitingHuman', why: 'A person has to look.' }));
  assert.equal(told.missing, null);
  assert.match(renderWhy(told), /A person has to look\./);
});

test('why of an issue that waits for a person says who sees to it, or how one says so, and how often was reminded', () => {
  const asked = (escalation: object) => {
    const status = { phase: 'AwaitingHuman', why: 'Which?', escalation: { gate: 7, since, ...escalation } };
    return renderWhy(explainIssue(issue(status))).split('\n')[2];
  };
  assert.equal(asked({}), 'Nobody sees to it yet: rig ack fix-1');
  assert.equal(
    asked({ reminders: 3, remindedAt: since }),
    `Nobody sees to it yet (reminded 3 times, last at ${since}): rig ack fix-1`,
  );
  assert.equal(
    asked({ acknowledgedBy: 'ada', acknowledgedAt: since, note: 'On \u001b[31mit.' }),
    `ada sees to it since ${since}: On [31mit.`,
  );
});

test('why of an issue that nobody has looked at says so', () => {
  assert.equal(
    renderWhy(explainIssue({ metadata: { name: 'new' }, spec: {} } as unknown as Issue)),
    'new Pending (Unfiled)\nThe conductor has not looked at it yet.',
  );
});

test('a hostile message reaches a terminal without its control characters', () => {
  const told = explainIssue(
    issue({
      phase: 'InReview',
      why: 'red \u001b[31m\u0007',
      gates: [row('ci', 'Failed', 'X', '\u001b]0;owned\u0007')],
    }),
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  assert.doesNotMatch(renderWhy(told), /[\u0007\u001b]/);
});
