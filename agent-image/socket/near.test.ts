import assert from 'node:assert/strict';
import { test } from 'node:test';
import { near } from './near.ts';

test('a socket is named from the working directory where that is shorter, else by its whole path', () => {
  const deep = `/pods/${'x'.repeat(120)}/run`;
  assert.equal(near(`${deep}/sandbox.sock`, deep), 'sandbox.sock');
  assert.equal(near('/s/b.sock', deep), '/s/b.sock');
});
