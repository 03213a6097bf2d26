import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, parseManifests } from './manifests.ts';

test('namespaces come first, then kinds, identities and roles; the rest keeps its order', () => {
  const kinds = ['Issue', 'RoleBinding', 'Role', 'CustomResourceDefinition', 'Secret', 'ServiceAccount', 'Namespace'];
  const sorted = inOrder(kinds.map((kind) => ({ kind, metadata: { name: kind } })));
  assert.deepEqual(
    sorted.map(({ kind }) => kind),
    ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', 'Role', 'Issue', 'RoleBinding', 'Secret'],
  );
});

test('empty documents of a YAML stream are left out', () => {
  assert.deepEqual(parseManifests('---\n# nothing\n---\nkind: A\nmetadata: { name: a }\n---\n'), [
    { kind: 'A', metadata: { name: 'a' } },
  ]);
});
