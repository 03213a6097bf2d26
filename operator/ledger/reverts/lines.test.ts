import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Edit } from './hunks.ts';
import { keepLines, takeLines } from './lines.ts';

const at = (path: string) => `a/${path} b/${path}`;
const edit = (path: string, out: readonly string[], into: readonly string[]): Edit => ({
  token: at(path),
  out,
  in: into,
});
const lines = (count: number, word: string, from = 0) =>
  Array.from({ length: count }, (_, index) => `${word} ${from + index}`);
const change = keepLines([edit('src/a.ts', lines(2, 'before'), lines(8, 'after'))]);
const gone = (...edits: Edit[]) => takeLines(change, 'c1', edits).gone;

test('lines that are taken out again, or put back where they had been taken out, are gone', () => {
  assert.equal(gone(edit('src/a.ts', lines(4, 'after'), [])), 4);
  assert.equal(gone(edit('src/a.ts', lines(8, 'after'), lines(2, 'before'))), 10);
  assert.equal(gone(edit('src/a.ts', lines(4, 'after'), []), edit('src/a.ts', lines(4, 'after', 4), [])), 8);
  assert.equal(gone(edit('src/a.ts', [...lines(4, 'after'), 'of others'], [])), 4);
});

test('lines that grow on, move, stand in another file or go with more of others are not gone', () => {
  assert.equal(gone(edit('src/a.ts', lines(4, 'after'), ['something new'])), 0);
  assert.equal(gone(edit('src/a.ts', lines(4, 'after'), []), edit('src/b.ts', [], lines(4, '  after'))), 0);
  assert.equal(gone(edit('src/b.ts', lines(4, 'after'), [])), 0);
  assert.equal(gone(edit('src/a.ts', [...lines(2, 'after'), ...lines(3, 'others')], [])), 0);
});

test('what a later commit brings again is there again', () => {
  const { kept } = takeLines(change, 'c1', [edit('src/a.ts', lines(8, 'after'), lines(2, 'before'))]);
  const back = takeLines(kept, 'c2', [edit('src/a.ts', lines(2, 'before'), lines(8, 'after'))]);
  assert.deepEqual([back.gone, back.goneNow], [0, 0]);
});

test('a line that a commit takes out and puts in again is as it was, whoever took its like before', () => {
  const twice = keepLines([edit('src/a.ts', [], ['after 3', 'after 3'])]);
  const once = takeLines(twice, 'c0', [edit('src/a.ts', ['after 3'], [])]);
  const moved = takeLines(once.kept, 'c1', [edit('src/a.ts', ['after 3'], []), edit('src/a.ts', [], ['after 3'])]);
  assert.deepEqual([once.gone, moved.gone, moved.goneNow], [1, 1, 0]);
});

test('brackets, white space and files that programs write are no lines of a change, and neither are those of a very large one', () => {
  assert.equal(keepLines([edit('src/a.ts', [], ['}', '  });', '', 'real line'])]).lines.length, 1);
  assert.deepEqual(keepLines([edit('package-lock.json', [], lines(9, 'lock'))]), { files: [], lines: [] });
  const large = keepLines([edit('src/a.ts', [], lines(5_001, 'line'))]);
  assert.deepEqual([large.files, large.lines.length], [[at('src/a.ts')], 0]);
});

test('whatever commits do, no more is gone than there was, and to ask again about the same commit changes nothing', () => {
  const text = fc.constantFrom(...lines(6, 'after'), ...lines(2, 'before'), 'of others');
  const edits = fc.array(
    fc
      .record({
        path: fc.constantFrom('src/a.ts', 'src/b.ts'),
        out: fc.array(text, { maxLength: 8 }),
        into: fc.array(text, { maxLength: 8 }),
      })
      .map(({ path, out, into }) => edit(path, out, into)),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.array(edits, { minLength: 1, maxLength: 5 }), (commits) => {
      // The same line twice in one change, and in one commit.
      let kept = keepLines([edit('src/a.ts', lines(2, 'before'), [...lines(4, 'after'), ...lines(4, 'after')])]);
      for (const [index, each] of commits.entries()) {
        const once = takeLines(kept, `c${index}`, each);
        assert.ok(once.goneNow <= once.gone && once.gone <= once.lines);
        // A commit that brings back what an earlier one took has done so: that one is not taken again.
        assert.equal(takeLines(once.kept, `c${index}`, each).goneNow, once.goneNow);
        kept = once.kept;
      }
    }),
    { numRuns: 2_000 },
  );
});
