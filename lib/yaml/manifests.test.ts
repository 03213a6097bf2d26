import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readManifests } from './index.ts';

for (const [what, text, kinds, untold] of [
  ['a plain one', 'apiVersion: v1\nkind: Secret\n', ['Secret'], false],
  ['several documents', 'kind: Job\n---\nkind: Secret\n', ['Job', 'Secret'], false],
  ['a value on the next line', 'apiVersion: v1\nkind:\n  Secret\n', ['Secret'], false],
  ['a folded value', 'apiVersion: v1\nkind: >-\n  StatefulSet\n', ['StatefulSet'], false],
  ['a comment before the value', 'apiVersion: v1\nkind: # x\n  Namespace\n', ['Namespace'], false],
  ['an alias', 'x: &k Secret\napiVersion: v1\nkind: *k\n', ['Secret'], false],
  ['escapes', '"api\\x56ersion": v1\n"k\\u0069nd": "S\\x65cret"\n', ['Secret'], false],
  ['a question mark before the key', 'apiVersion: v1\n? kind\n: Secret\n', ['Secret'], false],
  ['one among items', 'items:\n- {apiVersion: v1, kind: Secret}\n', ['Secret'], false],
  ['JSON', '{"apiVersion":"v1","kind":"Secret","x":{"kind":"No"}}', ['Secret'], false],
  ['a reference', 'spec:\n  ref:\n    kind: Secret\n', [], false],
  ['a schema', 'apiVersion: v1\nkind: X\nspec:\n  apiVersion: {type: string}\n  kind: {type: string}\n', ['X'], false],
  ['a tag on a kind', 'apiVersion: v1\nkind: !!binary U2VjcmV0\n', [], true],
  ['a tag on a version', 'apiVersion: !!binary djE=\nkind: Secret\n', ['Secret'], true],
  ['a tag on a key', 'apiVersion: v1\n!!binary a2luZA==: Secret\n', [], true],
  ['an alias as key', 'x: &k kind\napiVersion: v1\n*k : Secret\n', [], true],
  ['a merge into a document', 'x: &s {kind: Secret}\napiVersion: v1\n<<: *s\n', [], true],
  ['a merge elsewhere', 'x: &s {image: a}\nservices:\n  b:\n    <<: *s\n', [], false],
  ['a whole document with a tag', '!!binary YXBpVmVyc2lvbg==', [], true],
] as const)
  test(`manifests of ${what}: ${kinds.join() || 'none'}${untold ? ', untold' : ''}`, () => {
    const read = readManifests(text);
    assert.deepEqual([read?.kinds, read?.untold], [kinds, untold]);
  });

test('what is no YAML is not read, and what is too long or too deep is untold', () => {
  assert.equal(readManifests('kind: {{ .Values.kind }}\nx: [\n'), null);
  assert.equal(readManifests('# Words\n\n```yaml\nkind: Secret\n```\n'), null);
  assert.equal(readManifests(`a: ${'x'.repeat(600_000)}`)?.untold, true);
  assert.equal(readManifests('['.repeat(200_000))?.untold ?? true, true);
});
