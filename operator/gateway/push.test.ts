import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RefUpdate, report, ZERO } from './pkt.ts';
import { PushRefused, soleUpdate } from './push.ts';

const SHA = 'a'.repeat(40);
const own = { task: 'fix-1-implement-1-1', branch: 'rig/fix-1/1' };
const update = (ref: string, over: Partial<RefUpdate> = {}): RefUpdate => ({ old: ZERO, new: SHA, ref, ...over });
const commands = (...updates: RefUpdate[]) => ({ updates, capabilities: new Set(['side-band-64k']), packStart: 0 });

/** What git shows to whoever pushed. */
function shown(...updates: RefUpdate[]): string {
  const asked = commands(...updates);
  try {
    soleUpdate(asked, own);
  } catch (error) {
    assert.ok(error instanceof PushRefused && error.reason === 'OtherRefPushed');
    return report(asked, error.message).toString('latin1');
  }
  return assert.fail('the push was taken');
}

test('a push of the task’s own branch is taken', () => {
  assert.equal(soleUpdate(commands(update('refs/heads/rig/fix-1/1')), own).new, SHA);
});

const refused: [string, RefUpdate[], RegExp][] = [
  ['another branch', [update('refs/heads/main')], /it tried refs\/heads\/main;/],
  ['nothing', [], /it tried nothing;/],
  ['a branch that looks the same', [update('refs/heads/rig/fix-1/\u0661')], /it tried refs\/heads\/rig\/fix-1\/\?;/],
  ['its branch in other letters', [update('refs/heads/RIG/fix-1/1')], /it tried refs\/heads\/RIG\/fix-1\/1;/],
  ['names that move a cursor', [update('refs/heads/\u001b[2Jx')], /it tried refs\/heads\/\?\[2Jx;/],
  [
    'sixteen refs with the longest names',
    Array.from({ length: 16 }, (_, n) => update(`refs/heads/${n}${'x'.repeat(1_000)}`)),
    /\.\.\., 13 more;/,
  ],
];
for (const [what, updates, tried] of refused)
  test(`a push of ${what} is refused by the name of the task and the one ref it may push, and says what to push`, () => {
    const text = shown(...updates);
    assert.match(text, /rig: task fix-1-implement-1-1 pushes exactly one ref, refs\/heads\/rig\/fix-1\/1; it tried /);
    assert.match(text, tried);
    assert.match(text, /; push HEAD:refs\/heads\/rig\/fix-1\/1 alone/);
  });

test('a push that deletes the task’s own branch is refused, and says how something is taken back', () => {
  const text = shown(update('refs/heads/rig/fix-1/1', { old: SHA, new: ZERO }));
  assert.match(
    text,
    /task fix-1-implement-1-1 cannot delete refs\/heads\/rig\/fix-1\/1; to take something back, commit/,
  );
});
