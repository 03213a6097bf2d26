import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { readDocuments } from './index.ts';

for (const [what, text, wanted] of [
  ['several documents, empty ones left out', 'a: 1\n---\n# nothing\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
  ['JSON', '{"a": [1, "x", null]}', [{ a: [1, 'x', null] }]],
  [
    'words and numbers as Kubernetes reads them',
    'a: yes\nb: 0644\nc: 2020-01-01\n',
    [{ a: true, b: 420, c: '2020-01-01' }],
  ],
  ['an anchor and a merge', 'a: &a {x: 1}\nb: {<<: *a, z: 2}\n', [{ a: { x: 1 }, b: { x: 1, z: 2 } }]],
  ['a key is text, whatever it looks like', 'y: 1\n8080: 2\n', [{ y: 1, 8080: 2 }]],
  ['a template that is no YAML', 'a: {{ .Values.a }}\n', []],
  ['a damaged document behind a good one', 'a: 1\n---\nb: [', []],
  ['a duplicate key', 'a: 1\na: 2\n', []],
  ['nothing', '', []],
] as const)
  test(`YAML documents: ${what}`, () => assert.deepEqual(readDocuments(text), wanted));

test('YAML documents: what is deep, long or stands for itself without end is not read, and soon', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at}, `.repeat(9)}*a${at}]`);
  const bombs = [
    ['a0: &a0 x', ...lines].join('\n'),
    '['.repeat(100_000),
    `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    '- '.repeat(50_000),
    `${'['.repeat(150)}${']'.repeat(150)}`,
    ' '.repeat(5 * 1024 * 1024),
  ];
  const spent = processorTime();
  for (const bomb of bombs) assert.deepEqual(readDocuments(bomb), []);
  assert.ok(spent() < 5_000);
});
