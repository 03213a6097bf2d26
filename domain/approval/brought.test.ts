import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBrought, type Lineage, type MovedRef } from './brought.ts';

/** `payload` and `more` are the head's own; `trivial` and `later` stand on payload elsewhere, `merged` joins that with main. */
const lineage: Lineage = {
  own: new Set(['payload', 'more']),
  builtOn: new Map([
    ['trivial', ['payload']],
    ['later', ['trivial']],
    ['merged', ['main', 'later']],
    ['joined', ['trivial', 'more']],
  ]),
  gone: new Set(['forgotten']),
};

const cases: readonly [title: string, move: MovedRef, brought: boolean][] = [
  ['makes a branch at one of them', { before: null, after: 'payload' }, true],
  ['pushes one of them below another commit', { before: 'main', after: 'trivial' }, true],
  ['makes a branch far above one of them', { before: null, after: 'later' }, true],
  ['merges a branch that has one of them', { before: 'main', after: 'merged' }, true],
  ['brings a second one to where the first is', { before: 'trivial', after: 'joined' }, true],
  ['sets a branch from one of them to another', { before: 'payload', after: 'more' }, true],
  ['pushes on top of what had them already', { before: 'trivial', after: 'later' }, false],
  ['merges main into what had them already', { before: 'later', after: 'merged' }, false],
  ['pushes what has none of them', { before: 'main', after: 'next' }, false],
  ['deletes a branch that has them', { before: 'later', after: null }, false],
  ['pushes what git does not have any more', { before: 'trivial', after: 'forgotten' }, true],
  ['pushes over what git does not have any more', { before: 'forgotten', after: 'later' }, true],
];
for (const [title, move, brought] of cases)
  test(`who ${title} ${brought ? 'brought' : 'did not bring'} the head's commits`, () => {
    assert.equal(isBrought(move, lineage), brought);
  });

/** Commits of which each has parents among those before it, some of them the head's own: those that the head has and the base has not. */
const histories = fc.array(fc.array(fc.nat(), { maxLength: 2 }), { minLength: 3, maxLength: 12 }).chain((all) => {
  const parents = all.map((some, at) => (at === 0 ? [] : [...new Set(some.map((one) => one % at))]));
  const commit = fc.nat({ max: all.length - 1 });
  return fc.record({ parents: fc.constant(parents), head: commit, base: commit, after: commit, before: commit });
});

test('whatever the history: who sets a new branch brought one of the commits just where the branch has one', () => {
  fc.assert(
    fc.property(histories, ({ parents, head, base, after, before }) => {
      const below = (commit: number) => {
        const seen = new Set([commit]);
        for (const one of seen) for (const parent of parents[one]!) seen.add(parent);
        return seen;
      };
      const there = below(base);
      const own = new Set([...below(head)].filter((one) => !there.has(one)));
      const name = (commit: number) => String(commit);
      const given: Lineage = {
        own: new Set([...own].map(name)),
        builtOn: new Map(
          parents.flatMap((its, commit): [string, string[]][] =>
            !own.has(commit) && [...below(commit)].some((one) => own.has(one)) ? [[name(commit), its.map(name)]] : [],
          ),
        ),
        gone: new Set(),
      };
      const has = [...below(after)].some((one) => own.has(one));
      assert.equal(isBrought({ before: null, after: name(after) }, given), has);
      const had = below(before);
      const brings = [...below(after)].some((one) => own.has(one) && !had.has(one));
      // From where another branch stood it may be one too many, never one too few.
      if (brings) assert.equal(isBrought({ before: name(before), after: name(after) }, given), true);
      assert.equal(isBrought({ before: name(after), after: name(after) }, given), false);
    }),
  );
});
