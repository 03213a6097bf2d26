import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue } from '#crds';
import { noIssue } from '#domain';
import { readFamily } from './children.ts';

interface Shape {
  readonly parent?: string;
  readonly on?: readonly string[];
  readonly phase?: string;
}

/** Issues by `namespace/name`, and the endings that the log has of objects that are gone. */
function family(shapes: Record<string, Shape>, endings: Record<string, 'Done' | 'Cancelled'> = {}) {
  const objects = Object.entries(shapes).map(([key, { parent, on = [], phase }]) => {
    const [namespace, name] = key.split('/');
    const conditions = phase === 'Done' ? [{ type: 'Done', status: 'True' }] : [];
    const spec = { dependsOn: on.map((one) => ({ name: one })), ...(parent && { parentRef: { name: parent } }) };
    return { metadata: { namespace, name }, spec, status: { phase, conditions } } as unknown as Issue;
  });
  const issues = {
    get: (namespace: string, name: string) =>
      objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    byIndex: (_index: string, key: string) =>
      objects.filter(({ metadata, spec }) => `${metadata.namespace}/${spec.parentRef?.name}` === key),
  };
  const query = async (_sql: string, [, name]: string[]) => ({ rows: name! in endings ? [{ id: name }] : [] });
  const load = async ({ id }: { id: string }) => ({
    ...noIssue,
    ending: { kind: endings[id]!, reason: 'Done', message: '' },
  });
  const conductor = { objects: { issues }, log: { pool: { query }, load } };
  return (name: string, children: string[] = []) =>
    readFamily(conductor as never, issues.get('team', name)!, { children });
}
const standings = async (read: ReturnType<typeof family>, name: string, known: string[] = []) =>
  Object.fromEntries((await read(name, known)).children.map((child) => [child.name, child.standing]));

test('children are the Issues of the namespace that name the parent, each as it stands', async () => {
  const read = family({
    'team/epic': {},
    'team/a': { parent: 'epic', phase: 'Done' },
    'team/b': { parent: 'epic', phase: 'Queued' },
    'team/c': { parent: 'epic', phase: 'Failed' },
    'team/d': { parent: 'epic', phase: 'Cancelled' },
    'team/e': { parent: 'other' },
    'team/f': {},
  });
  assert.deepEqual(await standings(read, 'epic'), { a: 'done', b: 'open', c: 'failed', d: 'cancelled' });
});

test('an Issue of another namespace is nobody’s child here, and its own parent is missing there', async () => {
  const read = family({ 'team/epic': {}, 'team/a': { parent: 'elsewhere' }, 'far/stray': { parent: 'epic' } });
  assert.deepEqual((await read('epic')).children, []);
  assert.equal((await read('a')).missingParent, 'elsewhere');
  assert.equal((await read('epic')).missingParent, null);
});

for (const [name, shapes] of [
  ['is the parent of its parent', { 'team/epic': { parent: 'a' }, 'team/a': { parent: 'epic' } }],
  ['depends on its parent', { 'team/epic': {}, 'team/a': { parent: 'epic', on: ['epic'] } }],
  [
    'depends on what waits for its parent',
    { 'team/epic': {}, 'team/a': { parent: 'epic', on: ['b'] }, 'team/b': { on: ['epic'] } },
  ],
] as const) {
  test(`a child that ${name} goes round in a circle`, async () => {
    assert.deepEqual(await standings(family(shapes), 'epic'), { a: 'circular' });
  });
}

test('children of children make no circle', async () => {
  const read = family({ 'team/epic': {}, 'team/a': { parent: 'epic' }, 'team/b': { parent: 'a' } });
  assert.deepEqual(await standings(read, 'epic'), { a: 'open' });
});

test('a child whose object is gone stays done if it was, and was deleted otherwise; one that has another parent now is left out', async () => {
  const shapes = { 'team/epic': {}, 'team/moved': { parent: 'other' }, 'team/other': {} };
  const read = family(shapes, { old: 'Done', dropped: 'Cancelled' });
  assert.deepEqual(await standings(read, 'epic', ['dropped', 'moved', 'never', 'old']), {
    dropped: 'deleted',
    never: 'deleted',
    old: 'done',
  });
});
