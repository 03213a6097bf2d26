import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from './store.ts';
import type { KubeObject } from './types.ts';

const pod = (namespace: string, name: string, node?: string): KubeObject => ({
  metadata: { namespace, name },
  spec: { node },
});
const nodeOf = (object: KubeObject) => (object.spec as { node?: string }).node;
const names = (objects: KubeObject[]) => objects.map((object) => object.metadata.name);

test('an index follows objects as they change and go', () => {
  const store = new Store<KubeObject>();
  store.addIndex('node', (object) => [nodeOf(object) ?? []].flat());
  store.set(pod('ns', 'a', 'n1'));
  store.set(pod('ns', 'b', 'n1'));
  assert.deepEqual(names(store.byIndex('node', 'n1')), ['a', 'b']);
  store.set(pod('ns', 'a', 'n2'));
  store.delete('ns/b');
  assert.deepEqual(names(store.byIndex('node', 'n1')), []);
  assert.deepEqual(names(store.byIndex('node', 'n2')), ['a']);
});

test('an index added late finds what is stored already', () => {
  const store = new Store<KubeObject>();
  store.set(pod('ns', 'a', 'n1'));
  store.addIndex('node', (object) => [nodeOf(object) ?? '']);
  assert.deepEqual(names(store.byIndex('node', 'n1')), ['a']);
});

test('an index function that throws leaves that object out of that index only', () => {
  const store = new Store<KubeObject>();
  store.addIndex('node', (object) => [(nodeOf(object) as string).toUpperCase()]);
  store.set(pod('ns', 'broken'));
  store.set(pod('ns', 'a', 'n1'));
  assert.deepEqual(names(store.byIndex('node', 'N1')), ['a']);
  assert.equal(store.size, 2);
});

test('objects are listed by namespace', () => {
  const store = new Store<KubeObject>();
  store.set(pod('x', 'a'));
  store.set(pod('y', 'b'));
  assert.deepEqual(names(store.list('y')), ['b']);
  assert.equal(store.list().length, 2);
});

test('asking an index nobody added is an error, not an empty answer', () => {
  assert.throws(() => new Store().byIndex('nope', 'x'), /no index nope/);
});
