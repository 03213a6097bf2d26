import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainEvent } from '../events/catalogue.ts';
import { evolveHistory, noHistory } from '../ledger/change.ts';
import { ada, devE, HEAD, sha } from '../testing/facts.ts';
import { implementing, type Story } from '../testing/story.ts';
import { decideRecovery } from './recovery.ts';
import { decideStart, type TracedStart } from './start.ts';

const FIRST = 'rig/fix-parser/1';
const THEIRS = sha('9');
const theirs: TracedStart = { branch: FIRST, headSHA: THEIRS, moved: false, by: ada };

/** A first attempt that pushed HEAD and was lost, and the second behind it. */
function second(): Story {
  const story = implementing().push(HEAD);
  story.task({ jobEnded: { message: 'it was killed.', infrastructure: false } }).run();
  story.later(60_000).run();
  assert.equal(story.state.work?.attempt, 2);
  return story;
}

const decide = (story: Story, start: TracedStart): DomainEvent[] =>
  decideStart(story.state, story.state.work!.attempt, start);
const told = (story: Story, start: TracedStart) => decide(story, start).map(({ data }) => data);

test('an attempt that starts at what a person pushed names them, and one that starts at what the gateway forwarded names nobody', () => {
  const where = { branch: FIRST, attempt: 2 };
  assert.deepEqual(told(second(), theirs), [{ ...where, headSHA: THEIRS, forwarded: false, by: ada }]);
  assert.deepEqual(told(second(), { ...theirs, headSHA: HEAD }), [
    { ...where, headSHA: HEAD, forwarded: true, by: null },
  ]);
  const machine = { ...theirs, by: devE, machine: true } as const;
  assert.deepEqual(told(second(), machine), [{ ...where, headSHA: THEIRS, forwarded: false, by: devE, machine: true }]);
});

test('a claim that goes on from its own push has nothing to tell', () => {
  const story = second();
  story.push(sha('8'));
  const { branch } = story.state.work!;
  assert.deepEqual(decide(story, { ...theirs, branch, headSHA: sha('8') }), []);
  assert.equal(decide(story, { ...theirs, branch }).length, 1);
});

test('a push that a crash kept from the log is the gateway’s under the live claim, and nobody’s under an earlier one', () => {
  const story = second();
  const { branch } = story.state.work!;
  const lost = { ...theirs, moved: true, by: null };
  const forwarded = (start: TracedStart) =>
    decide(story, start).map((event) => event.type === 'WORK_CONTINUED' && event.data.forwarded);
  assert.deepEqual([forwarded({ ...lost, branch }), forwarded(lost)], [[true], [false]]);
});

test('what was pushed in the time that a restore lost is nobody’s in the ledger, though the Agent’s own account pushed it', () => {
  const story = implementing().push(HEAD);
  const recovery = { id: 'recovery-1', fence: '9.50', lostSince: '2026-03-02T11:00:00.000Z' };
  const remains = { attempt: 2, branch: 'rig/fix-parser/2', pullRequest: null, number: null, read: true };
  story.append(decideRecovery(story.state, recovery, remains));
  story.run();
  assert.equal(story.state.work?.attempt, 3);
  story.append(decide(story, { branch: 'rig/fix-parser/2', headSHA: THEIRS, moved: false, by: devE, machine: true }));
  const { changes } = story.events.reduce(evolveHistory, noHistory);
  assert.deepEqual(
    changes.map(({ strayStart }) => strayStart),
    [THEIRS],
  );
});
