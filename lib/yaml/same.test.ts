import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { sameYAML } from './index.ts';

for (const [what, before, after, wanted] of [
  ['layout and comments', 'a: {b: 1, c: [x]}', '# why\na:\n  b: 1\n  c:\n    - x\n', true],
  ['JSON against YAML', '{"a": [1, "x"]}', 'a: [1, x]', true],
  ['quotes around a word', 'a: word', 'a: "word"', true],
  ['quotes around what YAML 1.1 takes for true', 'a: yes', 'a: "yes"', false],
  ['a number that reads the same and is written otherwise', 'python: 3.10', 'python: 3.1', false],
  ['an octal number of YAML 1.1', 'mode: 0644', 'mode: 644', false],
  ['the order of keys', 'a: 1\nb: 2', 'b: 2\na: 1', false],
  ['a null against the word', 'a: null', 'a: "null"', false],
  ['a date against its text', 'a: 2020-01-01', 'a: "2020-01-01"', false],
  ['a further document', 'a: 1', 'a: 1\n---\nb: 1', false],
  ['a duplicate key', 'a: 1', 'a: 1\na: 1', false],
  [
    'a comment that sets which image is used',
    'a: 1 # {"$imagepolicy": "f:a"}',
    'a: 1 # {"$imagepolicy": "f:b"}',
    false,
  ],
  ['a comment that a scanner obeys', 'a: 1', '# checkov:skip=CKV_K8S_1: so\na: 1', false],
  ['a comment that a linter obeys', 'a: 1 # zizmor: ignore[x]', 'a: 1', false],
  ['a comment that a bot obeys', '# renovate: depName=a\na: 1', '# renovate: depName=b\na: 1', false],
  ['a comment that makes a machine run it', 'a: 1', '#cloud-config\na: 1', false],
  ['a comment that only allows and skips in words', 'a: 1', '# we allow and skip it\na: 1', true],
  ['damaged texts', 'a: [', 'a: [', false],
  ['a block that keeps its last line break', 'a: |\n  x\n', 'a: |-\n  x\n', false],
] as const)
  test(`YAML: ${what} ${wanted ? 'says the same' : 'is a difference'}`, () => {
    assert.equal(sameYAML(before, after), wanted);
    assert.equal(sameYAML(after, before), wanted);
  });

test('YAML: aliases that stand for each other without end are no equality, and soon answered', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at}, `.repeat(9)}*a${at}]`);
  const bomb = ['a0: &a0 x', ...lines].join('\n');
  const spent = processorTime();
  assert.equal(sameYAML(bomb, bomb), false);
  assert.ok(spent() < 2_000);
});
