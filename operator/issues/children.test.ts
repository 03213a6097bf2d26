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

/** What the log has of an object that is gone, by the id of its stream: the later ones are greater. */
interface Gone {
  readonly name: string;
  readonly parent: string;
  readonly ending: 'Done' | 'Cancelled';
}

/** Issues by `namespace/name`, and those that are gone; `asked` notes what the database is asked for. */
function family(shapes: Record<string, Shape>, gone: Record<string, Gone> = {}, asked: string[] = []) {
  const objects = Object.entries(shapes).map(([key, { parent, on = [], phase }]) => {
    const [namespace, name] = key.split('/');
    const conditions = phase === 'Done' ? [{ type: 'Done', status: 'True' }] : [];
    const spec = { dependsOn: on.map((one) => ({ name: one })), ...(parent && { parentRef: { name: parent } }) };
    return { metadata: { namespace, name }, spec, status: { phase, conditions } } as unknown as Issue;
  });
  const issues = {
    get: (namespace: string, name: string) =>
      objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    byIndex: (index: string, key: string) =>
      objects.filter(({ metadata, spec }) =>
        (index === 'parent' ? [spec.parentRef] : spec.dependsOn).some(
          (to) => `${metadata.namespace}/${to?.name}` === key,
        ),
      ),
  };
  const query = async (_sql: string, [, names]: [string, string[]]) => {
    asked.push('query');
    const known = Object.entries(gone).filter(([, { name }]) => names.includes(name));
    return { rows: known.map(([id, { name }]) => ({ id, name, version: 3 })).sort((a, b) => (a.id < b.id ? 1 : -1)) };
  };
  const stateOf = (id: string) => {
    const { parent, ending } = gone[id]!;
    return { ...noIssue, version: 3, spec: { parent }, ending: { kind: ending, reason: 'Done', message: '' } };
  };
  const memory = new Set<string>();
  const load = async ({ id }: { id: string }) => {
    asked.push(`load ${id}`);
    memory.add(id);
    return stateOf(id);
  };
  const remembered = (id: string) => (memory.has(id) ? stateOf(id) : undefined);
  const conductor = { objects: { issues }, log: { pool: { query }, load, remembered } };
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
  const read = family(shapes, {
    1: { name: 'old', parent: 'epic', ending: 'Done' },
    2: { name: 'dropped', parent: 'epic', ending: 'Cancelled' },
  });
  assert.deepEqual(await standings(read, 'epic', ['dropped', 'moved', 'never', 'old']), {
    dropped: 'deleted',
    never: 'deleted',
    old: 'done',
  });
});

test('a child that is gone is the newest of its name that had this parent', async () => {
  const read = family(
    { 'team/epic': {} },
    {
      1: { name: 'a', parent: 'epic', ending: 'Cancelled' },
      2: { name: 'a', parent: 'epic', ending: 'Done' },
      3: { name: 'a', parent: 'other', ending: 'Cancelled' },
    },
  );
  assert.deepEqual(await standings(read, 'epic', ['a']), { a: 'done' });
});

test('a thousand children that are gone cost one query for each look behind the first', async () => {
  const names = Array.from({ length: 1_000 }, (_, n) => `child-${n}`);
  const gone = names.map((name, n) => [String(n), { name, parent: 'epic', ending: 'Done' }] as const);
  const asked: string[] = [];
  const read = family({ 'team/epic': {} }, Object.fromEntries(gone), asked);
  await read('epic', names);
  assert.equal(asked.filter((one) => one === 'query').length, 1);
  asked.length = 0;
  assert.ok((await read('epic', names)).children.every(({ standing }) => standing === 'done'));
  assert.deepEqual(asked, ['query']);
});
