import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../testing/approval.ts';
import type { ChangedFile } from '../tier/change.ts';
import { approvedChange, manifestPaths } from './change.ts';
import { type Manifest, manifestDigest, removalDigest } from './manifest.ts';

const file = (path: string, change: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  previousPath: null,
  status: 'modified',
  oldMode: '100644',
  newMode: '100644',
  added: 1,
  deleted: 1,
  ...change,
});
const object = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const text = (...objects: unknown[]) => JSON.stringify(objects);
/** A text is a list of values here. */
const parse = (said: string) => JSON.parse(said) as unknown[];
const read = (files: readonly ChangedFile[]) =>
  approvedChange({ number: 57, headSHA: 'a'.repeat(40), baseSHA: 'b'.repeat(40), files }, { parse, sha256 });
const manifests = (...files: ChangedFile[]) => read(files).manifests;
const made = (name: string) => manifestDigest(object(name), sha256);
const gone = (name: string) => removalDigest(object(name), sha256);

test('a change is every path, a renamed file by both of its names', () => {
  const files = [file('b.ts'), file('new.ts', { previousPath: 'old.ts', status: 'renamed' })];
  assert.deepEqual(read(files), {
    number: 57,
    headSHA: 'a'.repeat(40),
    baseSHA: 'b'.repeat(40),
    paths: ['b.ts', 'new.ts', 'old.ts'],
    manifests: [],
  });
});

test('the content of YAML and JSON is asked for, also of a file that was one, and of no other', () => {
  const files = ['a.yaml', 'b.YML', 'c.json', 'd.ts', 'yaml'].map((path) => file(path));
  const turned = file('e.txt', { previousPath: 'e.yaml', status: 'renamed' });
  assert.deepEqual(manifestPaths([...files, turned]), ['a.yaml', 'b.YML', 'c.json', 'e.txt']);
});

test('a change consents to what is new or another than before, and to the removal of what is there no more', () => {
  const content = { before: text(object('kept'), object('gone')), after: text(object('kept'), object('new')) };
  assert.deepEqual(manifests(file('all.yaml', { content })), [made('new'), gone('gone')].sort());
});

test('what moves to another file of the change is neither new nor gone', () => {
  const from = file('a.yaml', { status: 'deleted', content: { before: text(object('moved')), after: null } });
  const to = file('b.yaml', { status: 'added', content: { before: null, after: text(object('moved')) } });
  assert.deepEqual(manifests(from, to), []);
});

test('the objects of a List are consented to one by one, as they are applied', () => {
  const list = { apiVersion: 'v1', kind: 'List', items: [object('one'), object('two')] };
  assert.deepEqual(
    manifests(file('a.yaml', { content: { before: null, after: text(list) } })),
    [made('one'), made('two')].sort(),
  );
});

test('a file that turns into a manifest, or was one, counts on the side on which it is one', () => {
  const content = { before: text(object('same')), after: text(object('same')) };
  assert.deepEqual(manifests(file('a.yaml', { previousPath: 'a.txt', content })), [made('same')]);
  assert.deepEqual(manifests(file('a.txt', { previousPath: 'a.yaml', content })), [gone('same')]);
});

test('what cannot be read, or is no object of a cluster, is consented to by nobody', () => {
  const after = text(null, 1, 'x', {}, { apiVersion: 'v1', kind: 'Secret' }, { ...object('a'), kind: 7 });
  assert.deepEqual(
    manifests(
      file('a.yaml', { content: { before: null, after } }),
      file('b.yaml', { content: 'unreadable' }),
      file('c.yaml'),
    ),
    [],
  );
});

test('a path that is no text makes no change that anybody can approve', () => {
  for (const path of ['bad\ufffd.txt', 'half\ud800.txt'])
    assert.throws(() => read([file(path)]), { name: 'ApprovalError', code: 'BadText' });
});
