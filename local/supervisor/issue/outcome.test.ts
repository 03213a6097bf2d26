import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue } from '#crds';
import type { EventView } from '#lib/conductor';
import { isSettled, outcomeOf } from './outcome.ts';

const issue = (status: object) => ({ metadata: { name: 'sample' }, spec: {}, status }) as unknown as Issue;
const event = (type: string, second: number, data: unknown = {}): EventView => ({
  cursor: String(second),
  stream: 's',
  subject: { kind: 'Issue', namespace: 'n', name: 'sample' },
  version: second,
  type,
  data,
  meta: {},
  at: new Date(second * 1000).toISOString(),
});
const measured = { setup: 0.10049, up: 5, filedToJob: null };

test('a merged issue: pull request with its merge commit, verdicts counted, seconds from filed to merged', () => {
  const log = [
    event('ISSUE_FILED', 100),
    event('REVIEW_ASSIGNED', 101),
    event('REVIEW_DISPUTED', 102),
    event('REVIEW_PASSED', 110),
    event('MERGED', 112, { mergeSHA: 'abc' }),
  ];
  const done = issue({ phase: 'Done', pullRequest: { number: 2, url: 'http://f/pull/2' } });
  assert.deepEqual(outcomeOf(done, log, { ...measured, filedToJob: 0.0501 }), {
    issue: { name: 'sample', phase: 'Done' },
    pullRequest: { number: 2, url: 'http://f/pull/2', mergeSHA: 'abc' },
    reviewRounds: 2,
    events: 5,
    seconds: { setup: 0.1, up: 5, filedToJob: 0.05, filedToMerged: 12 },
  });
});

test('an issue that never came to a pull request says null where there is nothing', () => {
  const { pullRequest, seconds, reviewRounds } = outcomeOf(
    issue({ phase: 'Failed' }),
    [event('ISSUE_FILED', 1)],
    measured,
  );
  assert.deepEqual([pullRequest, seconds.filedToMerged, seconds.filedToJob, reviewRounds], [null, null, null, 0]);
});

test('an issue is settled when only a person can move it on', () => {
  for (const phase of ['Done', 'AwaitingHuman', 'Failed', 'Cancelled']) assert.ok(isSettled(issue({ phase })), phase);
  for (const phase of ['Pending', 'Queued', 'Implementing', 'InReview', 'Merging', 'Deploying'])
    assert.ok(!isSettled(issue({ phase })), phase);
});
