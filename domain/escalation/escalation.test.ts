import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { replay } from '../issue/evolve.ts';
import { decideRecovery } from '../issue/recovery.ts';
import { listeningFrom } from '../listening.ts';
import { NOON } from '../testing/facts.ts';
import { implementing, type Story } from '../testing/story.ts';
import { decideAcknowledgement } from './acknowledge.ts';
import { noticeOf, pauseOf } from './notice.ts';
import { decideReminder, REMIND_MS, reminderDue, SETTLE_MS } from './remind.ts';

const MINUTE = 60_000;
const LONG_UP = NOON - 86_400_000;
const stream = { id: '0190', namespace: 'team', name: 'one' };

const asks = (question = 'Which of the two?'): Story => {
  const story = implementing();
  story.report({ type: 'asked', question });
  story.run();
  return story;
};
const remind = (story: Story, upSince = LONG_UP) =>
  story.append(decideReminder(story.state, { now: story.now, upSince })).length;
const acknowledge = (story: Story, over: object = {}) => {
  const { gate, since } = story.state.awaiting ?? { gate: 0, since: 0 };
  return story.append(decideAcknowledgement(story.state, { gate, since, by: 'ada', note: null, ...over }));
};
const notice = (story: Story) => noticeOf(stream, story.state, 'https://forge.example/acme/widgets/issues/12');

test('a question is told of under the id of its event, and again after half an hour under the id of the reminder', () => {
  const story = asks();
  const { gate } = story.state.awaiting!;
  const first = notice(story)!;
  assert.deepEqual(
    [first.id, first.cause, first.type, first.reminder],
    [`0190@${gate}-${NOON}`, `0190@${gate}-${NOON}`, 'human_gate.triggered', 0],
  );
  assert.equal(remind(story.later(30 * MINUTE - 1)), 0);
  assert.deepEqual(notice(story), first);
  assert.equal(remind(story.later(1)), 1);
  const second = notice(story)!;
  assert.deepEqual(
    [second.id, second.cause, second.type, second.reminder],
    [`0190@${story.state.version}-${story.now}`, first.cause, 'human_gate.reminded', 1],
  );
  assert.equal(remind(story), 0, 'told a moment ago');
});

test('a stuck agent is told of once, by the gate that it leads to', () => {
  const story = implementing();
  story.report({ type: 'stuck', evidence: 'Ten times the same.' });
  story.run();
  const types = story.types();
  assert.deepEqual(
    [
      types.filter((type) => type === 'AGENT_STUCK').length,
      types.filter((type) => type === 'HUMAN_GATE_TRIGGERED').length,
    ],
    [1, 1],
  );
  const { type, message, cause, id } = notice(story)!;
  assert.deepEqual([type, message, cause], ['agent.stuck', 'Ten times the same.', id]);
});

test('who acknowledged it stands in the log and in the sentence, and nobody is reminded any more', () => {
  const story = asks();
  acknowledge(story, { note: 'On it.' });
  assert.deepEqual(story.state.awaiting?.acknowledged, { by: 'ada', note: 'On it.', at: story.now });
  assert.equal(story.next().message, 'ada sees to it: Which of the two?');
  assert.equal(notice(story), null);
  assert.equal(reminderDue(story.later(5 * REMIND_MS).state, LONG_UP), null);
});

test('the first acknowledgement of a gate counts, one of another gate or of none adds nothing', () => {
  const story = asks();
  assert.equal(acknowledge(story, { gate: 1 }).length, 0, 'what was asked before');
  assert.equal(acknowledge(story).length, 1);
  assert.equal(acknowledge(story, { by: 'bob' }).length, 0);
  assert.equal(story.state.awaiting?.acknowledged?.by, 'ada');
  story.wish({ body: 'The first of the two.' }, 2);
  assert.equal(acknowledge(story, { gate: 5 }).length, 0, 'nobody is asked any more');
});

test('an acknowledgement of the time that a restore took back is none of the question that has its number now', () => {
  const story = implementing();
  const backup = story.events.length;
  const task = story.live('work');
  const started = { task: task.name, kind: task.kind, fence: task.fence, model: 'm' };
  story.append([{ type: 'WORK_STARTED', data: started }]);
  story.report({ type: 'asked', question: 'Which of the two?' });
  story.run();
  const { gate, since } = story.state.awaiting!;
  const kept = story.events.slice(0, backup);
  const remains = { attempt: 1, branch: 'rig/fix-parser/1', pullRequest: null, number: 12, read: false };
  const recovery = { id: 'recovery-1', fence: '9.99', lostSince: '2026-03-02T11:00:00Z' };
  const told = decideRecovery(replay(kept), recovery, remains).map((event, index) => {
    const version = backup + index + 1;
    return { ...event, version, at: story.now + 60 * MINUTE };
  });
  const restored = replay([...kept, ...told]);
  assert.deepEqual([restored.awaiting?.gate, restored.awaiting?.reason], [gate, 'DatabaseRestored']);
  const said = { gate, since, by: 'ada', note: 'On it.' };
  assert.deepEqual(decideAcknowledgement(restored, said), [], 'ada saw another question');
  assert.equal(decideAcknowledgement(restored, { ...said, since: restored.awaiting!.since }).length, 1);
});

test('the same question asked again is a new cause, which nobody has acknowledged', () => {
  const story = asks();
  acknowledge(story);
  const before = story.state.awaiting!.gate;
  story.wish({ body: 'Look again.' }, 2);
  story.run();
  story.report({ type: 'asked', question: 'Which of the two?' });
  story.run();
  assert.ok(story.state.awaiting!.gate > before);
  assert.equal(story.state.awaiting!.acknowledged, null);
  assert.equal(notice(story)!.reminder, 0);
});

test('an issue that a person held or suspended, or that has ended, reminds nobody', () => {
  const held = asks();
  held.command({ do: 'hold', on: true });
  const ended = asks();
  ended.see({ forgeIssueClosed: true });
  ended.run();
  for (const story of [held, ended]) assert.equal(reminderDue(story.state, LONG_UP), null);
  assert.equal(notice(ended), null);
});

test('reminders that came due while no conductor was up are made up for once, five minutes after it is', () => {
  const story = asks();
  story.later(10 * REMIND_MS + 7 * MINUTE);
  const upSince = story.now;
  assert.equal(remind(story, upSince), 0);
  assert.equal(remind(story.later(SETTLE_MS), upSince), 1);
  assert.equal(remind(story.later(REMIND_MS - 1), upSince), 0);
  assert.equal(remind(story.later(1), upSince), 1);
  assert.equal(story.state.awaiting?.reminded?.times, 2);
});

test('conductors that restart every three minutes remind every half hour all the same', () => {
  const story = asks();
  let listening = listeningFrom(story.now - MINUTE, null);
  for (let at = 0; at < 65; at += 3) {
    const until = story.now + 2 * MINUTE + 40_000;
    remind(story.later(2 * MINUTE + 40_000), listening.upSince);
    listening = listeningFrom(story.later(20_000).now, { listening, until });
  }
  assert.equal(story.state.awaiting?.reminded?.times, 2);
});

test('however often the clock is looked at and conductors restart, two notices of a gate are half an hour apart', () => {
  const step = fc.record({ after: fc.integer({ min: 1, max: 45 * MINUTE }), restarts: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const story = asks();
      const told = [story.now];
      let upSince = LONG_UP;
      for (const { after, restarts } of steps) {
        story.later(after);
        if (restarts) upSince = story.now;
        if (remind(story, upSince) === 1) told.push(story.now);
      }
      for (const [index, at] of told.slice(1).entries()) assert.ok(at - told[index]! >= REMIND_MS);
      assert.equal(story.state.awaiting?.reminded?.times ?? 0, told.length - 1);
    }),
  );
});

test('events of a gate that no longer stands change nothing but the version', () => {
  const story = asks();
  const before = story.state;
  story.append([
    { type: 'HUMAN_GATE_REMINDED', data: { gate: 1, times: 9 } },
    { type: 'HUMAN_GATE_ACKNOWLEDGED', data: { gate: 1, by: 'eve', note: null } },
  ]);
  assert.deepEqual({ ...story.state, version: before.version }, before);
});

test('what is too long for a notice is cut, and a receiver that fails is left alone for longer and longer, up to five minutes', () => {
  const { message } = notice(asks('x'.repeat(8_000)))!;
  assert.equal(message.length, 2_000);
  assert.deepEqual([0, 1, 2, 3, 8, 9, 5_000].map(pauseOf), [0, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
});
