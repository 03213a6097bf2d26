import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderReport, sinceOf, span } from './report.ts';

const NOW = Date.parse('2026-03-08T12:00:00Z');
const group = {
  key: 'all',
  issues: 3,
  done: 2,
  failed: 0,
  cancelled: 1,
  open: 0,
  filedToMerged: { count: 2, p50: 65_000, p95: 3_900_000 },
  filedToLive: null,
  touchesPerIssue: 0.333,
  untouched: 2,
  asked: 1,
  attempts: 3,
  tokens: 1200,
  costUSD: null,
};
const report = {
  namespace: 'n',
  since: null,
  by: 'agent' as const,
  all: group,
  groups: [{ ...group, key: 'dev\u001b[31m-e' }],
};

test('a span of days, hours or weeks is counted back from now, a moment is taken as it is, and a word is refused', () => {
  assert.equal(sinceOf('7d', NOW), '2026-03-01T12:00:00.000Z');
  assert.equal(sinceOf('2w', NOW), '2026-02-22T12:00:00.000Z');
  assert.equal(sinceOf('12h', NOW), '2026-03-08T00:00:00.000Z');
  assert.equal(sinceOf('2026-03-01', NOW), '2026-03-01T00:00:00.000Z');
  assert.equal(sinceOf('2026-03-01T08:00:00+02:00', NOW), '2026-03-01T06:00:00.000Z');
  for (const wrong of ['yesterday', '12', '7', '3/4', '-1d', '2026-02-30', '2026-13-01'])
    assert.throws(() => sinceOf(wrong, NOW), /7d, 12h, 2w, or a moment/, wrong);
});

test('the report is a table by its groups with the whole as its last line, and a name cannot rewrite the screen', () => {
  const [head = '', agent = '', all = ''] = renderReport(report).split('\n');
  assert.match(
    head,
    /^AGENT\s+ISSUES\s+DONE\s+OPEN\s+FAILED\s+MERGED p50\s+p95\s+LIVE p50\s+p95\s+TOUCHES\s+ASKED\s+TOKENS$/,
  );
  assert.match(agent, /^dev\[31m-e\s+3\s+2\s+0\s+1\s+1m\s+1h 05m\s+-\s+-\s+0\.3\s+1\s+1200$/);
  assert.match(all, /^all\s/);
});

test('a report of nothing says so in a sentence', () => {
  const nothing = { ...report, groups: [], all: { ...group, issues: 0 } };
  assert.equal(renderReport(nothing), 'Nothing was asked for, merged or went live in that time.');
});

test('spans are short, from seconds to days, and a dash where nothing was measured', () => {
  const spans = [undefined, 400, 59_400, 90_000, 7_380_000, 187_200_000].map(span);
  assert.deepEqual(spans, ['-', '0s', '59s', '2m', '2h 03m', '2d 04h']);
});
