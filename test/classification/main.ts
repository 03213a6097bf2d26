// Grades the real changes by the shipped policies and writes the figures into docs/classification.md; with `--misses` it tells
// of the development half which changes were graded otherwise than labelled, and why. Of the held-out half it only counts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCorpus } from './corpus.ts';
import { gradeAll } from './evaluate.ts';
import { drawFigures } from './tables.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'classification.md');

const graded = gradeAll(readCorpus());
if (process.argv.includes('--misses')) {
  for (const { entry, grade } of graded) {
    const { project, commit, title, label } = entry;
    if (project.half !== 'development' || grade.tier === label.tier) continue;
    console.log(`${project.project} ${commit.slice(0, 10)} ${title}`);
    console.log(`  labelled ${label.tier}: ${label.why}\n  graded ${grade.tier}: ${grade.reason}`);
  }
} else {
  writeFileSync(DOCUMENT, drawFigures(readFileSync(DOCUMENT, 'utf8'), graded));
  console.log(`${graded.length} changes graded; the figures are in docs/classification.md`);
}
