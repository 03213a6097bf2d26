import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const files = globSync('**/*.ts', { cwd: import.meta.dirname })
  .filter((file) => !file.endsWith('.test.ts') && !file.startsWith('testing/'))
  .map((file) => ({ file, text: readFileSync(`${import.meta.dirname}/${file}`, 'utf8') }));

test('the rules import nothing but each other, the API and the schema builder', () => {
  const foreign = files.flatMap(({ file, text }) =>
    [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^'\s]+)'/g)]
      .map(([, from]) => from!)
      .filter((from) => !from.startsWith('.') && from !== '#crds' && !/^typebox(\/value)?$/.test(from))
      .map((from) => `${file}: ${from}`),
  );
  assert.ok(files.length >= 20);
  assert.deepEqual(foreign, []);
});

test('the rules ask no clock, no dice, no process and no network', () => {
  const impure =
    /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|process\.|globalThis|fetch\(|setTimeout|setInterval|crypto\.|console\.)/;
  assert.deepEqual(
    files.filter(({ text }) => impure.test(text)).map(({ file }) => file),
    [],
  );
});
