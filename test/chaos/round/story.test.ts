import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chronicle, type Witnessed } from '../witness/chronicle.ts';
import type { RoundResult } from './round.ts';
import { tellStory } from './story.ts';

const event = (stream: string, version: number, type: string): Witnessed => ({
  stream,
  version,
  pos: version,
  type,
  data: { note: stream },
  at: '2026-01-01T00:00:00.000Z',
  digest: `${stream}${version}`,
});
const result = (violations: readonly string[]): RoundResult => ({
  seed: 'a',
  round: 7,
  issues: 2,
  merged: 1,
  awaitingHuman: 0,
  seconds: 1,
  settledSeconds: 1,
  faults: [
    { class: 'kill', planned: 'kill -9 of forge, at MERGED 1', at: '2026-01-01T00:00:01.000Z', outcome: 'killed' },
  ],
  events: 3,
  deliveries: { made: 0, applied: 0, ignored: 0, repeated: 0, lost: 0 },
  effectsTriedAgain: 0,
  violations,
});

test('the story of a round tells what does not hold, what was done when, and the log of the issues concerned alone', () => {
  const chronicle = new Chronicle();
  chronicle.take([event('s1', 1, 'ISSUE_FILED'), event('s1', 2, 'ISSUE_DONE'), event('s2', 1, 'ISSUE_FILED')]);
  const streams = new Map([
    ['round-7-1', 's1'],
    ['round-7-2', 's2'],
  ]);
  const named = tellStory(result(['round-7-1: MERGED is there twice']), streams, chronicle);
  assert.match(named, /^Round 7 of seed a does not hold:\n {2}✖ round-7-1: MERGED is there twice$/m);
  assert.match(named, /2026-01-01T00:00:01\.000Z {2}kill -9 of forge, at MERGED 1: killed/);
  assert.match(named, /Issue round-7-1 \(stream s1\):\n.*1 ISSUE_FILED \{"note":"s1"\}\n.*2 ISSUE_DONE/);
  assert.doesNotMatch(named, /round-7-2/);
  const unnamed = tellStory(result(['it does not come to rest']), streams, chronicle);
  assert.match(unnamed, /Issue round-7-2/);
  assert.doesNotMatch(unnamed, /Issue round-7-1/);
});
