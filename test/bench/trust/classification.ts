import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { TierPolicy } from '#crds';
import { type ChangedFile, type ChangeFacts, compilePolicy, contentNeeded, gradeChange, type Work } from '#domain';
import { engines } from '../../kit/tier-engines.ts';

const POLICIES = join(import.meta.dirname, '../../../policies/tiers');
const WORK: Work = { labels: ['bug'], title: 'It fails', taskClass: null, source: 'webhook' };
/** Two hundred lines of code, which differ in a few. */
const CODE = Array.from({ length: 200 }, (_, at) => `  const value${at} = compute(input.field${at}, options);`).join(
  '\n',
);
/** What a large change of a service is made of: folder, ending, and text of those that a rule reads. */
const SHAPES: readonly (readonly [string, string, string | null])[] = [
  ['src/features', 'ts', CODE],
  ['src/components', 'tsx', CODE],
  ['src/styles', 'css', null],
  ['test/unit', 'test.ts', CODE],
  ['docs/guides', 'md', null],
  ['src/i18n', 'json', `{${Array.from({ length: 20 }, (_, at) => `"k${at}": "text ${at}"`).join(',\n')}}\n`],
  ['lib/server', 'js', CODE],
  ['deploy/values', 'yaml', 'apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 1\n'],
  ['assets/icons', 'svg', null],
  ['packages/core/src', 'ts', CODE],
];

/** A change of so many files, as git tells it, with the texts that the policy reads. Of another `round` no name was ever seen. */
export function changeOf(files: number, round = 0): ChangeFacts {
  const one = (at: number): ChangedFile => {
    const [folder, ending, text] = SHAPES[at % SHAPES.length]!;
    return {
      path: `${folder}/area-${at % 97}/part-${round}-${at}.${ending}`,
      previousPath: null,
      status: 'modified',
      oldMode: '100644',
      newMode: '100644',
      added: at % 40,
      deleted: at % 11,
      ...(text === null ? {} : { content: { before: text, after: text.replace(/1/, String(at)) } }),
    };
  };
  return { complete: true, files: Array.from({ length: files }, (_, at) => one(at)) };
}

/** Grades a change of so many files by the shipped policy for Node, `times` times; answers ms. Throws where it is not graded as it should be. */
export function measureClassification(files: number, times: number): number[] {
  const { metadata, spec } = parse(readFileSync(join(POLICIES, 'node.yaml'), 'utf8')) as TierPolicy;
  const compiled = compilePolicy(metadata.name!, spec.rules, engines);
  if (!compiled.ok) throw new Error(compiled.problems.join('\n'));
  const samples: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const change = changeOf(files, at);
    const began = performance.now();
    contentNeeded(compiled.value, [], change, WORK);
    const { tier } = gradeChange(compiled.value, [], change, WORK);
    samples.push(performance.now() - began);
    if (tier !== 'T2') throw new Error(`The change is ${tier}.`);
  }
  return samples;
}
