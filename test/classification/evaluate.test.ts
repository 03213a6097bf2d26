import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '#domain';
import { engines } from '../kit/tier-engines.ts';
import { changedFile, type Entry, readCorpus } from './corpus.ts';
import { figures, type Graded, gradedLower, gradeEntry } from './evaluate.ts';
import { drawFigures } from './tables.ts';

type Tier = Entry['label']['tier'];

/** What is counted of a graded change. */
function graded(label: Tier, tier: Tier, half: 'first' | 'later' = 'first'): Graded {
  const project = { project: 'some', repository: '', licence: '', half, policy: '' };
  const entry = { project, label: { commit: '', tier: label, taskClass: '', why: '' } } as Entry;
  return { entry, grade: { tier, taskClass: '', rule: '', path: null, reason: '', findings: [] } };
}

test('precision is of what was given, recall of what is labelled, and a share of nothing is none', () => {
  const [t0, t1, t2, t3] = figures([graded('T0', 'T0'), graded('T0', 'T1'), graded('T1', 'T1'), graded('T3', 'T3')]);
  assert.deepEqual([t0!.precision, t0!.recall], [1, 0.5]);
  assert.deepEqual([t1!.precision, t1!.recall], [0.5, 1]);
  assert.deepEqual([t2!.precision, t2!.recall], [null, null]);
  assert.deepEqual([t3!.precision, t3!.recall], [1, 1]);
});

test('a T3 that is graded T2 is graded lower, a T0 that is graded T3 is not', () => {
  const lower = graded('T3', 'T2');
  assert.deepEqual(gradedLower([lower, graded('T3', 'T3'), graded('T0', 'T3')], 'T3'), [lower]);
});

test('the tables count each half by itself and leave the rest of the document as it is', () => {
  const text = 'Before\n<!-- figures: node test/classification/main.ts -->\nold\n<!-- /figures -->\nAfter\n';
  const titled = [graded('T0', 'T0'), graded('T0', 'T2'), graded('T1', 'T1', 'later')];
  const untitled = [graded('T0', 'T1'), graded('T0', 'T2'), graded('T1', 'T1', 'later')];
  const drawn = drawFigures(text, { titled, untitled });
  assert.match(
    drawn,
    /^Before\n[\s\S]*First projects: 2 changes of some\n[\s\S]*\| T0 \| 2 \| 1 \| 0 \| 1 \| 0 \| 1\.00 \| 0\.50 \|/,
  );
  assert.match(
    drawn,
    /Later projects: 1 changes of some\n[\s\S]*\| T1 \| 1 \| 0 \| 1 \| 0 \| 0 \| 1\.00 \| 1\.00 \|\n[\s\S]*After\n$/,
  );
  assert.match(drawn, /Without any title:\n\n[\s\S]*?\| T0 \| 2 \| 0 \| 1 \| 1 \| 0 \| – \| 0\.00 \|/);
  assert.throws(() => drawFigures('no place', { titled, untitled }), /has no/);
});

test('an outline is what rules read as the text of a file', () => {
  const facts = { path: 'a.ts', previousPath: null, oldMode: '100644', newMode: '120000', added: 1, deleted: 0 };
  const outline = { before: 'a', after: 'b' };
  assert.deepEqual(changedFile({ ...facts, status: 'typechanged', outline }), {
    ...facts,
    status: 'type',
    content: outline,
  });
});

test('no policy gets a submodule, a symbolic link or a mode of the real changes below T3', () => {
  const lax = compilePolicy('lax', [{ name: 'all', tier: 'T0', match: { paths: ['**'] } }], engines);
  assert.ok(lax.ok);
  const odd = readCorpus().filter(({ change }) =>
    change.files.some(
      ({ oldMode, newMode }) =>
        [oldMode, newMode].some((mode) => mode === '120000' || mode === '160000') ||
        (oldMode !== null && newMode !== null && oldMode !== newMode),
    ),
  );
  assert.ok(odd.length >= 10);
  for (const entry of odd) assert.equal(gradeEntry(lax.value, entry).tier, 'T3', entry.commit);
});
