import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Each step on the way to the forge's merge call, and the one file that takes it. */
const steps: readonly { readonly what: string; readonly pattern: RegExp; readonly file: string }[] = [
  {
    what: 'carries out the action merge',
    pattern: /(?<!function )\bmergeIssue\(/g,
    file: 'operator/issues/actions.ts',
  },
  { what: 'asks for the effect merge', pattern: /\bwrites\.merge\(/g, file: 'operator/issues/merge.ts' },
  { what: 'merges at a forge', pattern: /\bforge\.merge\(/g, file: 'operator/forges/writes.ts' },
  {
    what: 'sends a merge',
    pattern:
      /\bpulls\.merge\(|pulls\/[^\s'"`]*\/merge\b|\b(?:mergePullRequest|enqueuePullRequest|enablePullRequestAutoMerge|mergeBranch)\b/g,
    file: 'lib/forge/merge.ts',
  },
];

/** Nothing of the forge itself, nor of tests, is a way to merge. */
const elsewhere = (file: string) =>
  !file.endsWith('.ts') || /(\.test|-kit|\.gen)\.ts$|contract|^(local\/forge|test|hack)\//.test(file);

/** The one merge path: every step of it is taken in one place of one file, and nowhere else. Answers what is not so. */
export function checkMergePath(root: string, files: readonly string[]): string[] {
  const texts = files
    .filter((file) => !elsewhere(file))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
  return steps.flatMap(({ what, pattern, file: home }) => {
    const times = (text: string) => text.match(pattern)?.length ?? 0;
    const strays = texts.filter(({ file, text }) => file !== home && times(text) > 0);
    const here = times(texts.find(({ file }) => file === home)?.text ?? '');
    return [
      ...strays.map(({ file }) => `${file} ${what}: only ${home} does, on the one merge path`),
      ...(here === 1 ? [] : [`${home} ${what} in ${here} places instead of one`]),
    ];
  });
}
