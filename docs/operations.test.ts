import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createProgram } from '../cli/cli.ts';
import { checks } from '../operator/audit/doctor/finding.ts';
import { comparisons, QUEUE, STATUSES } from '../operator/audit/replay/columns.ts';

const page = readFileSync(join(import.meta.dirname, 'operations.md'), 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \|$/gm)].map(([, row = '']) => row.split(' | '));

test('the page for operators has a row for every check of the doctor, in its words', () => {
  const told = rows
    .filter(([name = '']) => name.slice(1, -1) in checks)
    .map(([name = '', what]) => [name.slice(1, -1), what]);
  assert.deepEqual(Object.fromEntries(told), checks);
  assert.equal(told.length, Object.keys(checks).length);
});

test('the page for operators names every column that a replay does not compare, with its reason', () => {
  const tables: [string, Readonly<Record<string, string>>][] = [
    ...comparisons.map(({ table, apart }): [string, Readonly<Record<string, string>>] => [table, apart]),
    ['queue', QUEUE.apart],
    ...Object.entries(STATUSES).map(([kind, { apart }]): [string, Readonly<Record<string, string>>] => [kind, apart]),
  ];
  const apart = tables.flatMap(([table, columns]) =>
    Object.entries(columns).map(([name, why]) => [table, `\`${name}\``, why]),
  );
  const told = rows.filter(([table = '']) => tables.some(([name]) => name === table));
  assert.deepEqual(told, apart);
});

test('every command of rig that the page for operators shows is one that there is', () => {
  const program = createProgram();
  const shown = [...page.matchAll(/\brig (doctor|replay|recover|events export|events|sync)\b/g)].map(
    ([, name = '']) => name,
  );
  assert.ok(shown.length > 8);
  for (const name of new Set(shown)) {
    const [first, second] = name.split(' ');
    const command = program.commands.find((one) => one.name() === first);
    assert.ok(command !== undefined, name);
    if (second !== undefined)
      assert.ok(
        command.commands.some((one) => one.name() === second),
        name,
      );
  }
});

test('every field of a status is compared by a replay, or named apart', () => {
  for (const [kind, { compared, apart }] of Object.entries(STATUSES)) {
    const file = join(import.meta.dirname, '..', 'crds', `${kind.toLowerCase()}.yaml`);
    const { spec } = parse(readFileSync(file, 'utf8'));
    const fields = Object.keys(spec.versions[0].schema.openAPIV3Schema.properties.status.properties);
    assert.deepEqual(fields.sort(), [...compared, ...Object.keys(apart)].sort(), kind);
  }
});
