import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeNodeId, nodeId } from './node-id.ts';

test('a global id is read back only as the kind it was made for', () => {
  const id = nodeId('thread', 42);
  assert.equal(decodeNodeId('thread', id), 42);
  assert.equal(decodeNodeId('pull', id), undefined);
  assert.equal(decodeNodeId('thread', `${id}=`), undefined);
  assert.equal(decodeNodeId('thread', 'nonsense'), undefined);
});
