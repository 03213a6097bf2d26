import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { live, merged, shows } from '../testing/delivery.ts';
import { devE, NOON } from '../testing/facts.ts';
import { sampleStream } from '../testing/samples.ts';
import type { Story } from '../testing/story.ts';
import { spec } from '../testing/world.ts';
import { type ReportBy, reportOf, spreadOf } from './report.ts';
import { type ReportedEvent, type ReportRow, rowsOf } from './row.ts';
import { weekOf } from './week.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** As the log has them: what agents report themselves is theirs. */
const told = (story: Story): ReportedEvent[] =>
  story.events.map(({ type, data, at }) => ({
    type,
    data,
    at,
    by: type.startsWith('REVIEW_') ? 'task' : 'controller',
  }));

const row = (over: Partial<ReportRow> = {}): ReportRow => ({
  repository: 'parser',
  taskClass: 'bugfix',
  agent: 'dev-e',
  filedAt: NOON,
  mergedAt: NOON + HOUR,
  liveAt: null,
  ending: 'Done',
  attempts: 1,
  touches: 0,
  asked: 0,
  tokens: 0,
  ...over,
});
const report = (rows: readonly ReportRow[], by: ReportBy = 'week', since = 0) => reportOf(rows, { since, by });

test('a story from filed to live is one row with its two durations, its class and its agent', () => {
  const story = merged();
  story.later(2 * HOUR);
  shows(story, { live: live() }).run();
  const [one, ...others] = rowsOf(told(story));
  assert.deepEqual(others, []);
  assert.deepEqual(
    [one?.repository, one?.taskClass, one?.agent, one?.ending, one?.attempts, one?.touches],
    ['parser', 'bugfix', 'dev-e', 'Done', 1, 0],
  );
  assert.deepEqual([one!.mergedAt! - one!.filedAt, one!.liveAt! - one!.filedAt], [1_000, 1_000 + 2 * HOUR]);
});

test('a change that was taken back is not live, and the conductor’s own reopening is still the same wish', () => {
  const story = merged({ checks: ['smoke'] });
  shows(story, { live: live() }).next();
  story.append([
    { type: 'ROLLED_BACK', data: { environment: 'p', revision: 'a'.repeat(40), deployment: 'd', message: 'Gone.' } },
  ]);
  assert.equal(rowsOf(told(story)).at(-1)?.liveAt, null);
  const { uid, generation } = story.state;
  story.append([
    { type: 'ISSUE_REOPENED', data: { uid: uid!, generation, spec: spec(), reason: 'RolledBack', message: 'Gone.' } },
  ]);
  const rows = rowsOf(told(story));
  assert.equal(rows.length, 1);
  assert.deepEqual([rows[0]?.filedAt, rows[0]?.mergedAt], [story.events[0]?.at, null]);
});

test('a person who asks again after an end begins another wish, with a clock of its own', () => {
  const story = merged();
  shows(story, { live: live() }).run();
  story.later(DAY);
  story.append([{ type: 'ISSUE_REOPENED', data: { uid: 'uid-1', generation: 1, spec: spec() } }]);
  const rows = rowsOf(told(story));
  assert.deepEqual(
    rows.map(({ ending }) => ending),
    ['Done', null],
  );
  assert.equal(rows[1]!.filedAt - rows[0]!.filedAt, DAY + 1_000);
});

test('people’s touches are counted, an agent’s are not: nor its review when the forge tells it', () => {
  const agent = { id: 102, login: 'review-e', kind: 'user' as const };
  const ada = { id: 1, login: 'ada', kind: 'user' as const };
  const review = { headSHA: 'a'.repeat(40), review: 1 };
  const event = (type: ReportedEvent['type'], data: object, by = 'controller') =>
    ({ type, data, at: NOON, by }) as ReportedEvent;
  const rows = rowsOf([
    event('ISSUE_FILED', { uid: 'u', generation: 1, spec: spec() }),
    event('ISSUE_EDITED', { changed: ['number'] }),
    event('REVIEW_DISPUTED', { ...review, by: agent, threads: 1 }, 'task'),
    event('REVIEW_PASSED', { ...review, by: agent }),
    event('PR_UPDATED', { number: 1, headSHA: review.headSHA, by: null }),
    event('ISSUE_APPROVED', { actor: ada }),
    event('ISSUE_EDITED', { changed: ['body'] }),
    event('COMMAND_ACCEPTED', { command: 'retry', by: ada }),
    event('REVIEW_PASSED', { ...review, by: ada }),
    event('PR_UPDATED', { number: 1, headSHA: review.headSHA, by: ada }),
    event('PR_UPDATED', { number: 1, headSHA: review.headSHA, by: devE, machine: true }),
    event('PR_UPDATED', { number: 1, headSHA: review.headSHA, by: { id: 9, login: 'renovate[bot]', kind: 'bot' } }),
    event('HUMAN_GATE_TRIGGERED', { reason: 'AskedForPerson', message: 'Which?' }),
    event('TOKENS_USED', { tokens: { input: 5, output: 4, cacheRead: 3, cacheWrite: 2 } }),
  ]);
  assert.deepEqual([rows[0]?.touches, rows[0]?.asked, rows[0]?.tokens], [5, 1, 14]);
});

test('a merge by a person is a touch, one that the conductor had decided is none, whatever its account is called', () => {
  const ada = { id: 1, login: 'ada', kind: 'user' as const };
  const [headSHA, other, mergeSHA] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
  const event = (type: ReportedEvent['type'], data: object) =>
    ({ type, data, at: NOON, by: 'controller' }) as ReportedEvent;
  const filed = event('ISSUE_FILED', { uid: 'u', generation: 1, spec: spec() });
  const request = event('MERGE_REQUESTED', { number: 1, headSHA, method: 'squash' });
  const keptBack = event('MERGE_GATE_WAITING', { gate: 'ci', headSHA, reason: 'ChecksFailed', message: 'It failed.' });
  const by = (actor: object | null, sha = headSHA) => event('MERGED', { number: 1, headSHA: sha, mergeSHA, by: actor });
  const touches = (...events: ReportedEvent[]) => rowsOf([filed, ...events])[0]?.touches;
  assert.deepEqual(
    [touches(by(ada)), touches(request, by(ada, other)), touches(request, keptBack, by(ada))],
    [1, 1, 1],
  );
  assert.deepEqual(
    [touches(request, by(ada)), touches(by(null)), touches(by({ id: 9, login: 'queue[bot]', kind: 'bot' }))],
    [0, 0, 0],
  );
});

test('groups are by week of the merge, by agent, by class, and add up to the whole', () => {
  const rows = [
    row({ tokens: 10 }),
    row({ mergedAt: NOON + 8 * DAY, liveAt: NOON + 9 * DAY, touches: 2 }),
    row({ mergedAt: null, ending: 'Failed', agent: 'dev-b', asked: 1 }),
    row({ mergedAt: null, ending: null, agent: null, taskClass: null }),
  ];
  const keys = (by: ReportBy) => report(rows, by).groups.map(({ key, issues }) => `${key} ${issues}`);
  assert.deepEqual(keys('week'), ['2026-W10 3', '2026-W11 1']);
  assert.deepEqual(keys('agent'), ['(none) 1', 'dev-b 1', 'dev-e 2']);
  assert.deepEqual(keys('class'), ['(none) 1', 'bugfix 3']);
  const { all } = report(rows);
  assert.deepEqual([all.done, all.failed, all.open, all.untouched, all.asked, all.tokens], [2, 1, 1, 1, 1, 10]);
  assert.deepEqual(all.filedToMerged, { count: 2, p50: HOUR, p95: 8 * DAY });
  assert.deepEqual(all.filedToLive, { count: 1, p50: 9 * DAY, p95: 9 * DAY });
  assert.deepEqual([all.touchesPerIssue, all.costUSD], [0.5, null]);
});

test('since counts what was asked for, merged or went live from then on', () => {
  const rows = [row(), row({ liveAt: NOON + 3 * DAY }), row({ filedAt: NOON + 3 * DAY, mergedAt: null, ending: null })];
  assert.equal(report(rows, 'week', NOON + 2 * DAY).all.issues, 2);
  assert.equal(report(rows, 'week', NOON + 4 * DAY).all.issues, 0);
});

test('nothing measured is null and not zero', () => {
  assert.equal(spreadOf([]), null);
  assert.deepEqual([report([]).all.filedToMerged, report([]).groups], [null, []]);
});

test('a spread is of values that were measured, and its halves hold what they say', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), (values) => {
      const { p50, p95 } = spreadOf(values)!;
      assert.ok(values.includes(p50) && values.includes(p95) && p50 <= p95);
      assert.ok(values.filter((one) => one <= p50).length >= values.length / 2);
      assert.ok(values.filter((one) => one <= p95).length >= values.length * 0.95);
    }),
  );
});

test('weeks are those of ISO 8601, over the ends of years', () => {
  const week = (day: string) => weekOf(Date.parse(day));
  const known = {
    '1970-01-01': '1970-W01',
    '2020-12-31': '2020-W53',
    '2021-01-03': '2020-W53',
    '2021-01-04': '2021-W01',
    '2024-12-30': '2025-W01',
    '2026-01-01': '2026-W01',
    '2026-12-31': '2026-W53',
    '2027-01-03': '2026-W53',
    '2000-02-29': '2000-W09',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(known).map((day) => [day, week(day)])), known);
});

test('any events in any order make rows without an error', () => {
  fc.assert(
    fc.property(sampleStream(30), (events) => {
      const rows = rowsOf(events.map(({ type, data, at }) => ({ type, data, at, by: 'controller' })));
      for (const by of ['week', 'agent', 'class'] as const)
        assert.equal(
          report(rows, by).groups.reduce((sum, { issues }) => sum + issues, 0),
          rows.length,
        );
    }),
    { numRuns: 100 },
  );
});
