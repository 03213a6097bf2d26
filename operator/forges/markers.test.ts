import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueMarker, markedUid, marker, unmarked } from './markers.ts';

const uid = '0b6f3c1e-7a51-4f5e-9d63-2c1f0a9b8e77';

test('the uid of an issue is read back from the mark at its end, past marks that its text carried before', () => {
  assert.equal(markedUid(`Text\n\n${issueMarker(uid)}`), uid);
  const other = uid.replaceAll('0', '1');
  assert.equal(markedUid(`${issueMarker(other)} copied\n\n${issueMarker(uid)}`), uid);
  for (const text of ['', 'Text', '<!-- rig:short -->', marker('comment', 'key')]) assert.equal(markedUid(text), null);
});

test('a text that carries marks loses them and nothing else', () => {
  const text = `a ${issueMarker(uid)} b ${marker('review', 'x')} <!-- other -->`;
  assert.equal(markedUid(unmarked(text)), null);
  assert.ok(!unmarked(text).includes(marker('review', 'x')));
  assert.ok(unmarked(text).endsWith('<!-- other -->'));
});
