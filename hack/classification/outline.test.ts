import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlineOf } from './outline.ts';
import { outlineLine } from './words.ts';

test('an outline keeps signs, digits and telling words, and no other word', () => {
  const line = outlineLine('ALTER TABLE customers DROP COLUMN nickname; -- 42');
  assert.match(line, /^ALTER TABLE \w{9} DROP COLUMN \w{8}; -- 42$/);
  assert.doesNotMatch(line, /customers|nickname/);
});

test('the same word has the same outline wherever it stands, in its own case', () => {
  const [upper = '', lower = ''] = outlineLine('Nickname nickname').split(' ');
  assert.equal(upper.toLowerCase(), lower);
  assert.match(upper, /^[A-Z]/);
});

test('the host of a URL stays, who signs in there does not', () => {
  assert.match(
    outlineLine('"https://me:mine@example.org/packages/secretive"'),
    /^"https:\/\/example\.org\/packages\/\w+"$/,
  );
});

test('only lines that one side alone has are outlined, besides what kind of manifest it is', () => {
  const manifest = (replicas: number) => `apiVersion: apps/v1\nkind: Deployment\nnobody: here\nreplicas: ${replicas}`;
  assert.deepEqual(outlineOf('web.yaml', manifest(1), manifest(2)), {
    before: 'apiVersion: apps/v1\nkind: Deployment\nreplicas: 1',
    after: 'apiVersion: apps/v1\nkind: Deployment\nreplicas: 2',
  });
});

test('of many lines those with a telling word are kept', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `plain ${index}`);
  const { after } = outlineOf('code.ts', null, [...lines, 'the password of somebody'].join('\n'));
  assert.match(after ?? '', / password /);
  assert.equal(after?.split('\n').length, 12);
});

test('long lines that differ at their ends alone stay different, without their ends', () => {
  const line = (end: string) => `run: ${'x '.repeat(200)}${end}`;
  const { before, after } = outlineOf('ci.yml', line('one'), line('two'));
  assert.notEqual(before, after);
  assert.ok(after!.length < 200);
});

test('a package.json stays JSON, with the keys that differ alone', () => {
  const text = (range: string) =>
    JSON.stringify({ name: 'mine', scripts: { test: 'run' }, dependencies: { left: range } });
  const { before, after } = outlineOf('package.json', text('1.0.0'), text('1.0.1'));
  const [old, now] = [before, after].map((side) => JSON.parse(side ?? ''));
  assert.deepEqual(Object.keys(now), ['dependencies']);
  assert.deepEqual([Object.values(old.dependencies), Object.values(now.dependencies)], [['1.0.0'], ['1.0.1']]);
});

test('of prose two lines are kept, of lists of pinned packages eighty', () => {
  const text = Array.from({ length: 100 }, (_, index) => `word-${index}==1.${index}`).join('\n');
  const kept = (path: string) => outlineOf(path, null, text).after?.split('\n').length;
  assert.deepEqual(['README.md', 'notes.txt', 'requirements.txt', 'requirements/main.txt'].map(kept), [2, 2, 80, 80]);
});
