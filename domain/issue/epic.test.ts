import assert from 'node:assert/strict';
import { test } from 'node:test';
import { implementing, inReview, Story } from '../testing/story.ts';
import { phaseOf } from './status.ts';
import type { ChildFacts } from './world.ts';

const doing = ({ do: what, reason }: { do: string; reason: string }) => `${what} ${reason}`;
const child = (name: string, standing: ChildFacts['standing'] = 'open', phase = 'Implementing'): ChildFacts => ({
  name,
  standing,
  phase,
});
/** An issue that was filed with these children already there. */
const epic = (...children: ChildFacts[]) => {
  const story = new Story().see({ children });
  story.wish();
  return story;
};

test('a parent is not worked itself: its children are recorded, it says what it waits for, and finishes with the last of them', () => {
  const story = epic(child('lexer'), child('ast', 'open', 'Queued'));
  const waiting = story.run();
  assert.deepEqual(
    [doing(waiting), waiting.message],
    ['wait ChildrenOpen', '0 of 2 children are Done; it waits for lexer (Implementing), ast (Queued).'],
  );
  assert.equal(phaseOf(story.state), 'Implementing');
  story.see({ children: [child('lexer', 'done'), child('ast')] });
  assert.match(story.run().message, /^1 of 2 children are Done; it waits for ast/);
  story.see({ children: [child('lexer', 'done'), child('ast', 'done')] });
  assert.equal(story.run().message, 'All 2 children are Done.');
  assert.deepEqual(story.types(), ['ISSUE_FILED', 'EPIC_PLANNED', 'MILESTONE_COMPLETE', 'ISSUE_DONE']);
  const [planned, complete] = story.events.slice(1);
  assert.deepEqual([planned?.data, complete?.data], [{ children: ['ast', 'lexer'] }, { children: ['ast', 'lexer'] }]);
});

test('an issue that gets a child while it is worked gives the work back without blame and closes its own pull request', () => {
  const story = inReview();
  const from = story.events.length;
  story.see({ children: [child('lexer')] });
  assert.equal(doing(story.run()), 'wait ChildrenOpen');
  assert.deepEqual(story.types(from), ['EPIC_PLANNED', 'TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'PR_CLOSED']);
  assert.deepEqual([story.state.failures, story.state.stalePullRequests], [0, []]);
});

test('a further child of an issue that waits for the others is waited for as well', () => {
  const story = epic(child('lexer', 'done'), child('ast'));
  story.run();
  story.see({ children: [child('lexer', 'done'), child('ast', 'done'), child('docs')] });
  assert.match(story.run().message, /^2 of 3 children are Done; it waits for docs/);
});

for (const [standing, words] of [
  ['failed', 'lexer has failed'],
  ['cancelled', 'lexer was cancelled'],
  ['deleted', 'lexer was deleted'],
  ['circular', 'lexer waits for this issue in turn'],
] as const) {
  test(`a child that is ${standing}: the parent asks a person, by its name, and goes on by itself when that is put right`, () => {
    const story = epic(child('lexer'), child('ast'));
    story.run();
    story.see({ children: [child('lexer', standing), child('ast')] });
    const asked = story.run();
    assert.equal(doing(asked), 'wait ChildFailed');
    assert.match(asked.message, new RegExp(`^The issue finishes with its children, but ${words}\\.`));
    assert.equal(phaseOf(story.state), 'AwaitingHuman');
    story.see({ children: [child('lexer'), child('ast')] });
    assert.equal(doing(story.run()), 'wait ChildrenOpen');
    assert.deepEqual([story.types().at(-1), phaseOf(story.state)], ['HUMAN_GATE_CLEARED', 'Implementing']);
  });
}

test('a person who says retry goes on without the child that was deleted', () => {
  const story = epic(child('lexer'), child('ast', 'done'));
  story.run();
  story.see({ children: [child('lexer', 'deleted'), child('ast', 'done')] });
  assert.equal(doing(story.run()), 'wait ChildFailed');
  story.command({ do: 'retry' });
  assert.deepEqual(story.state.children, []);
  // What the log no longer names is not looked for any more.
  story.see({ children: [child('ast', 'done')] });
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});

test('an issue whose last child is given to another parent is worked itself', () => {
  const story = epic(child('lexer'));
  story.run();
  story.see({ children: [] });
  story.run();
  assert.equal(story.state.work?.attempt, 1);
});

test('a child that appears when the change is merged does not hold the issue back', () => {
  const story = inReview();
  story.later(1_000).verdict(true);
  story.append([
    { type: 'MERGED', data: { number: 34, headSHA: story.shown.head.sha, mergeSHA: story.shown.head.sha, by: null } },
  ]);
  story.see({ children: [child('late')] });
  story.run();
  assert.deepEqual([story.state.ending?.kind, story.types().includes('EPIC_PLANNED')], ['Done', false]);
});

test('a sentence about many children names a few and counts the rest', () => {
  const children = Array.from({ length: 100 }, (_, at) => child(`part-${String(at).padStart(3, '0')}`));
  const said = epic(...children).run().message;
  assert.match(said, /part-007 \(Implementing\), 92 more\.$/);
});

test('an issue whose parent is not in its namespace waits before it is claimed, and what is claimed goes on', () => {
  const story = new Story().see({ missingParent: 'epic' });
  story.wish({ parent: 'epic' });
  const waiting = story.run();
  assert.equal(doing(waiting), 'wait ParentMissing');
  assert.match(waiting.message, /^spec\.parentRef names epic, which is no Issue of this namespace/);
  story.see({ missingParent: null });
  assert.equal(doing(story.run()), 'wait Progressing');
  assert.equal(doing(implementing().see({ missingParent: 'epic' }).run()), 'wait Progressing');
});

test('a suspended parent says that it is suspended, and finishes when it no longer is', () => {
  const story = epic(child('lexer', 'done'));
  story.wish({ suspend: true }, 2);
  assert.equal(doing(story.run()), 'wait Suspended');
  story.wish({}, 3);
  story.run();
  assert.equal(story.state.ending?.kind, 'Done');
});
