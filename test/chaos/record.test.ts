import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendRecord, latest, readRecord, tables, writeMarkdown } from './record.ts';
import type { RoundResult } from './round/round.ts';

const result = (round: number, changed: Partial<RoundResult> = {}): RoundResult => ({
  seed: 'a',
  round,
  issues: 30,
  merged: 29,
  awaitingHuman: 1,
  seconds: 40 + round,
  settledSeconds: 10,
  faults: [
    { class: 'kill', planned: 'kill -9 of forge, at MERGED 1', at: '2026-01-01T00:00:00.000Z', outcome: 'killed' },
  ],
  events: 700,
  deliveries: { made: 500, applied: 300, ignored: 100, repeated: 20, lost: 100 },
  effectsTriedAgain: 3,
  violations: [],
  ...changed,
});

test('rounds of several runs are summed up by seed, with what went wrong by class', () => {
  const never = { class: 'freeze', planned: '', at: null, outcome: 'its moment never came' } as const;
  const text = tables([result(1), result(2, { faults: [never] }), result(1, { seed: 'b', violations: ['x'] })]);
  assert.match(text, /^\| a \| 2 \| 2 \| 60 \| 58 \| 2 \| 1400 \| 1000 \| 200 \| 40 \| 6 \| 42 \| 42 \|$/m);
  assert.match(text, /^\| b \| 1 \| 0 \| 30 /m);
  assert.match(text, /^\| kill \| 2 \| 0 \|$/m);
  assert.match(text, /^\| freeze \| 0 \| 1 \|$/m);
});

test('what a record keeps is read back, and the table takes the place between its marks alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-record-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const record = join(folder, 'rounds.jsonl');
  assert.deepEqual(readRecord(record), []);
  for (const round of [1, 2]) appendRecord(record, result(round));
  assert.deepEqual(readRecord(record), [result(1), result(2)]);
  const page = join(folder, 'page.md');
  writeFileSync(page, 'no place');
  assert.throws(() => writeMarkdown(page, []), /has no place for the rounds/);
  const marks = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'chaos.md'), 'utf8').match(/<!--.*-->/g)!;
  writeFileSync(page, `before\n${marks.join('\nearlier\n')}\nafter\n`);
  writeMarkdown(page, readRecord(record));
  const written = readFileSync(page, 'utf8');
  assert.match(written, /^before\n<!--/);
  assert.match(written, /-->\nafter\n$/);
  assert.match(written, /\| a \| 2 \|/);
  assert.doesNotMatch(written, /earlier/);
});

test('a round that was run again counts as it was then, one that failed stays until it is', () => {
  const failed = [result(1, { violations: ['x'] }), result(2, { violations: ['y'] })];
  assert.deepEqual(latest([...failed, result(1)]), [result(1), failed[1]]);
});
