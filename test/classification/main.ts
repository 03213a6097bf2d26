// Grades the real changes by the shipped policies and writes the figures into docs/classification.md; with `--misses` it tells
// which changes were graded otherwise than labelled, and why.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCorpus } from './corpus.ts';
import { gradeTwice } from './evaluate.ts';
import { drawFigures } from './tables.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'classification.md');

const graded = gradeTwice(readCorpus());
if (process.argv.includes('--misses')) {
  for (const [at, { entry, grade }] of graded.titled.entries()) {
    const { project, commit, title, label } = entry;
    const bare = graded.untitled[at]!.grade;
    if (grade.tier === label.tier && bare.tier === label.tier) continue;
    console.log(`${project.project} ${commit.slice(0, 10)} ${title}`);
    console.log(`  labelled ${label.tier}: ${label.why}\n  graded ${grade.tier}: ${grade.reason}`);
    if (bare.tier !== grade.tier) console.log(`  graded ${bare.tier} without its title: ${bare.reason}`);
  }
} else {
  writeFileSync(DOCUMENT, drawFigures(readFileSync(DOCUMENT, 'utf8'), graded));
  console.log(`${graded.titled.length} changes graded; the figures are in docs/classification.md`);
}
