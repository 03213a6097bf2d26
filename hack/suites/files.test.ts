import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suiteOf } from './files.ts';

test('a file belongs to the suite its name ends in, and to one alone', () => {
  assert.equal(suiteOf('a/b.test.ts'), 'unit');
  assert.equal(suiteOf('a/b.int.test.ts'), 'int');
  assert.equal(suiteOf('a/b.e2e.test.ts'), 'e2e');
  assert.equal(suiteOf('a/b.ts'), undefined);
  assert.equal(suiteOf('a/test.ts'), undefined);
});
