import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRoots, renderChange } from './trust-root.ts';

const log = (key: string, end?: string) => ({
  baseUrl: `https://${key}.example.com`,
  publicKey: {
    rawBytes: Buffer.from(key).toString('base64'),
    validFor: { start: '2026-01-01T00:00:00Z', ...(end !== undefined && { end }) },
  },
});
const root = (...tlogs: object[]) => JSON.stringify({ mediaType: '', tlogs });

test('a new root is told by who comes, who goes and how many stay', () => {
  const change = compareRoots(root(log('old'), log('same')), root(log('same'), log('new')));
  assert.deepEqual(
    [change.added, change.removed].map(([one]) => one?.url),
    ['https://new.example.com', 'https://old.example.com'],
  );
  assert.equal(change.kept, 1);
  const text = renderChange(change);
  assert.match(text, /^ {2}- transparency log {2}https:\/\/old\.example\.com/m);
  assert.match(text, /^ {2}\+ transparency log {2}https:\/\/new\.example\.com/m);
  assert.match(text, /1 entry stays/);
  assert.match(text, /is not verified any more/);
});

test('the same root changes nothing, whatever its layout, and a key whose time ends is a change', () => {
  const none = compareRoots(root(log('same')), JSON.stringify(JSON.parse(root(log('same'))), null, 2));
  assert.deepEqual([none.added, none.removed], [[], []]);
  const ended = compareRoots(root(log('same')), root(log('same', '2027-01-01T00:00:00Z')));
  assert.deepEqual([ended.added.length, ended.removed.length], [1, 1]);
});

test('where there is no root, or one that cannot be read, everybody is new', () => {
  for (const before of [undefined, '', 'no root']) {
    const { added, removed } = compareRoots(before, root(log('new')));
    assert.deepEqual([added.length, removed.length], [1, 0]);
  }
});

test('words in a root cannot move the cursor of who looks at it', () => {
  const text = renderChange(compareRoots(undefined, root({ ...log('new'), baseUrl: 'https://a\u001b[2K\u202eb' })));
  assert.ok(!text.includes('\u001b') && !text.includes('\u202e'));
});
