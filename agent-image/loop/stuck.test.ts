import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FRESH, observe, type TurnSeen } from './stuck.ts';

const turn = (content: string, call = 'read a', result = 'r', failure?: string): TurnSeen => ({
  calls: [{ call, result }],
  content,
  failure,
});

function findings(turns: readonly TurnSeen[]) {
  let state = FRESH;
  return turns.map((each) => {
    const seen = observe(state, each);
    state = seen.state;
    return seen.finding;
  });
}
const actions = (turns: readonly TurnSeen[]) => findings(turns).map((finding) => finding?.action);

test('the same call with the same result three times over the same files: a nudge that names the call', () => {
  const found = findings([turn('A'), turn('A'), turn('A')]);
  assert.deepEqual(found[1], undefined);
  assert.equal(found[2]?.action, 'nudge');
  assert.match(found[2]?.evidence ?? '', /read a gave the same result 3 times/);
});

test('after the nudge the same again is stuck', () => {
  assert.deepEqual(actions(Array.from({ length: 6 }, () => turn('A'))).at(-1), 'stuck');
});

test('reading the same file after each edit is no repetition', () => {
  assert.deepEqual(
    actions(['A', 'B', 'C', 'D'].map((content) => turn(content, 'read a', 'same'))),
    Array(4).fill(undefined),
  );
});

test('files that come back to the same content for the third time are an oscillation', () => {
  const contents = ['A', 'B', 'A', 'B', 'A'];
  const found = findings(contents.map((content, i) => turn(content, `edit ${i}`, `${i}`)));
  assert.deepEqual(found.slice(0, 4), Array(4).fill(undefined));
  assert.match(found[4]?.evidence ?? '', /made and undone/);
});

test('turns that show nothing new are idle even when their calls alternate', () => {
  const first = [turn('A', 'x', '1'), turn('A', 'y', '1'), turn('A', 'z', '1'), turn('A', 'v', '1')];
  const again = [...first, ...first].slice(0, 6);
  const found = findings([...first, ...again]);
  assert.match(found.find((finding) => finding !== undefined)?.evidence ?? '', /turns in a row|gave the same result/);
});

test('answers without any call count as idle turns', () => {
  const silent = { calls: [], content: 'A' };
  assert.equal(actions(Array.from({ length: 7 }, () => silent)).at(-1), 'nudge');
});

test('the same failure after four different changes is a finding, a different failure is not', () => {
  const contents = ['A', 'B', 'C', 'D'];
  const same = findings(contents.map((content) => turn(content, 'tests', content, 'f')));
  assert.match(same[3]?.evidence ?? '', /same tests fail/);
  assert.deepEqual(
    actions(contents.map((content) => turn(content, 'tests', content, `f${content}`))),
    Array(4).fill(undefined),
  );
});

test('turns that always bring something new are never found stuck', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 8 }), { maxLength: 40 }), (results) => {
      assert.ok(
        findings(results.map((result, i) => turn(`c${i}`, 'call', result))).every((finding) => finding === undefined),
      );
    }),
  );
});

test('nothing but repetition is found stuck within a bounded number of turns', () => {
  const few = fc.record({
    content: fc.constantFrom('A', 'B'),
    call: fc.constantFrom('x', 'y'),
    result: fc.constantFrom('1', '2'),
  });
  fc.assert(
    fc.property(fc.array(few, { minLength: 60, maxLength: 60 }), (turns) => {
      const found = actions(turns.map(({ content, call, result }) => turn(content, call, result)));
      assert.ok(found.includes('stuck'));
    }),
  );
});
