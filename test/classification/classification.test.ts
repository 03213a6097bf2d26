import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCorpus } from './corpus.ts';
import { figures, gradedLower, gradeTwice, TIERS } from './evaluate.ts';
import { drawFigures } from './tables.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const corpus = readCorpus();
const graded = gradeTwice(corpus);
const PICKED = ['first', 'later'] as const;
/** What rules were mended by. */
const HALVES = [...PICKED, 'last'] as const;
/** What was drawn by a program. */
const DRAWN = ['last', 'unseen'] as const;
const of = (half: string, way: keyof typeof graded = 'titled') =>
  graded[way].filter(({ entry }) => entry.project.half === half);

test('each shipped policy has projects among the first, the later, the last and the unseen ones', () => {
  for (const [half, each] of [
    ['first', 2],
    ['later', 1],
  ] as const) {
    const projects = new Set(of(half).map(({ entry }) => entry.project));
    const policies = ['dotnet', 'ios', 'kubernetes', 'node', 'python'];
    assert.deepEqual(
      [...projects].map(({ policy }) => policy).sort(),
      policies.flatMap((policy) => new Array<string>(each).fill(policy)),
    );
  }
  for (const half of DRAWN) {
    const projects = new Set(of(half).map(({ entry }) => entry.project));
    assert.deepEqual([...projects].map(({ policy }) => policy).sort(), [
      'dotnet',
      'ios',
      'kubernetes',
      'node',
      'node',
      'python',
    ]);
  }
  assert.equal(new Set(corpus.map(({ project }) => project.repository)).size, 27);
});

test('the first and the later projects have enough changes of every tier to say something of them', () => {
  for (const half of PICKED) {
    const counts = Object.fromEntries(figures(of(half)).map(({ tier, labelled }) => [tier, labelled]));
    assert.ok(of(half).length >= 60 && counts.T0! >= 15 && counts.T3! >= 20, JSON.stringify(counts));
    assert.ok(TIERS.every((tier) => counts[tier]! >= 10));
  }
});

test('the last and the unseen projects have as many changes of every tier as the draw gave', () => {
  const counts = DRAWN.map((half) => figures(of(half)).map(({ labelled }) => labelled));
  assert.deepEqual(counts, [
    [8, 57, 31, 48],
    [11, 48, 31, 54],
  ]);
});

test('every label says why in a sentence, and no change is there twice', () => {
  for (const { label } of corpus) assert.match(label.why, /^[A-Z].{10,}\.$/);
  assert.equal(new Set(corpus.map(({ commit }) => commit)).size, corpus.length);
});

test('every project has its licence among the notices', () => {
  for (const { project, licence, repository } of new Set(corpus.map((entry) => entry.project))) {
    const notice = readFileSync(join(import.meta.dirname, 'testdata', 'notices', `${licence}.txt`), 'utf8');
    assert.ok(notice.includes(project) && notice.includes(repository), project);
  }
});

const WAYS = { titled: 'with the titles of the commits', untitled: 'without any title' } as const;

for (const way of ['titled', 'untitled'] as const) {
  test(`unseen projects, ${WAYS[way]}: what a first look found is not worse, no T3 is T0, and T0 is given and found as often as is asked`, () => {
    const unseen = of('unseen', way);
    const lower = gradedLower(unseen, 'T3').map(({ grade }) => grade.tier);
    assert.ok(lower.length <= 11 && lower.filter((tier) => tier === 'T1').length <= 3, lower.join());
    assert.ok(!lower.includes('T0'));
    const [t0] = figures(unseen);
    assert.ok(t0!.precision! >= 0.9 && t0!.recall! >= 0.6, JSON.stringify(t0));
  });
}

for (const half of HALVES)
  for (const way of ['titled', 'untitled'] as const) {
    test(`${half} projects, ${WAYS[way]}: no T3 is graded lower`, () => {
      const lower = gradedLower(of(half, way), 'T3');
      assert.deepEqual(
        lower.map(({ entry, grade }) => `${entry.project.project} ${entry.commit} ${grade.reason}`),
        [],
      );
    });

    test(`${half} projects, ${WAYS[way]}: nine of ten that are graded T0 are T0, and at least six of ten T0 are found`, () => {
      const [t0] = figures(of(half, way));
      assert.ok(t0!.precision! >= 0.9 && t0!.recall! >= 0.65, JSON.stringify(t0));
    });
  }

/** How many changes labelled T1 are called T3, with and without titles: less is better, and none gets more. */
const OVERGRADED = { first: [18, 16], later: [15, 15], last: [17, 14] } as const;

for (const half of HALVES)
  test(`${half} projects: no more changes labelled T1 are called T3 than were`, () => {
    for (const [at, way] of (['titled', 'untitled'] as const).entries()) {
      const over = of(half, way).filter(({ entry, grade }) => entry.label.tier === 'T1' && grade.tier === 'T3');
      assert.ok(over.length <= OVERGRADED[half][at]!, `${way}: ${over.length}`);
    }
  });

test('the figures in the documentation are those of this run', () => {
  const text = readFileSync(join(ROOT, 'docs', 'classification.md'), 'utf8');
  assert.equal(
    text,
    drawFigures(text, graded),
    'run node test/classification/main.ts and commit docs/classification.md',
  );
});
