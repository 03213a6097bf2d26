import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CustomResourceDefinition } from '#crds';
import { fieldsTable } from './fields.ts';
import { replaceSection, table } from './sections.ts';
import { generateTypes } from './types.ts';

const text = 'before\n<!-- generated: x -->\nold\n<!-- end of x -->\nafter\n';

test('a section is replaced and what is around it stays; replacing it again changes nothing', () => {
  const once = replaceSection(text, 'x', 'new');
  assert.equal(once, 'before\n<!-- generated: x -->\nnew\n<!-- end of x -->\nafter\n');
  assert.equal(replaceSection(once, 'x', 'new'), once);
});

test('a document without the section is an error, not left as it is', () => {
  assert.throws(() => replaceSection(text, 'y', 'new'), /no section between/);
});

test('a bar in a cell does not end the cell', () => {
  assert.equal(table(['a'], [['x|y']]), '| a |\n| --- |\n| x\\|y |');
});

test('the fields table shows bounds, defaults and what is required, down into lists and maps', () => {
  const rows = fieldsTable(
    {
      required: ['name'],
      properties: {
        name: { type: 'string', maxLength: 5, description: 'N.' },
        items: {
          type: 'array',
          maxItems: 2,
          default: [],
          items: { type: 'object', properties: { size: { type: 'integer', minimum: 1, maximum: 9 } } },
        },
      },
    },
    'spec',
  );
  assert.deepEqual(rows.split('\n').slice(2), [
    '| `spec.name` | string (≤ 5) | required | N. |',
    '| `spec.items` | list (≤ 2) of object | `[]` |  |',
    '| `spec.items[].size` | integer (1 to 9) |  |  |',
  ]);
});

test('two schemas that share a title and differ are refused', async () => {
  const properties = {
    spec: {
      type: 'object',
      properties: {
        a: { type: 'string', title: 'Same', enum: ['x'] },
        b: { type: 'string', title: 'Same', enum: ['y'] },
      },
    },
    status: { type: 'object', properties: {} },
  };
  const versions = [{ schema: { openAPIV3Schema: { description: 'D.', properties } } }];
  const definition = { spec: { names: { kind: 'Thing' }, versions } } as unknown as CustomResourceDefinition;
  await assert.rejects(generateTypes([definition]), /two different schemas .* have the title Same/);
});
