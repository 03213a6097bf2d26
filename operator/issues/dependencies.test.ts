import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue } from '#crds';
import { readDependencies } from './dependencies.ts';

/** A namespace of Issues by name: what each depends on, and its phase. */
function read(issues: Record<string, { on?: string[]; phase?: string }>, name: string) {
  const object = (of: string) => {
    const { on = [], phase } = issues[of]!;
    const conditions = phase === 'Done' ? [{ type: 'Done', status: 'True' }] : [];
    const spec = { dependsOn: on.map((one) => ({ name: one })) };
    return { metadata: { namespace: 'team', name: of }, spec, status: { phase, conditions } } as unknown as Issue;
  };
  const get = (_namespace: string, of: string) => (issues[of] === undefined ? undefined : object(of));
  return readDependencies({ issues: { get, byIndex: () => [] } } as never, object(name));
}

test('dependencies that are done are not named, those under way are, and one that is not there says so', () => {
  const issues = { a: { on: ['done', 'busy', 'gone'] }, done: { phase: 'Done' }, busy: { phase: 'Implementing' } };
  assert.deepEqual(read(issues, 'a'), {
    openDependencies: ['busy', 'gone (there is no such Issue)'],
    hopelessDependencies: [],
  });
});

test('dependencies that failed or were cancelled need a person', () => {
  const issues = { a: { on: ['f', 'c'] }, f: { phase: 'Failed' }, c: { phase: 'Cancelled' } };
  assert.deepEqual(read(issues, 'a').hopelessDependencies, ['f, which has failed', 'c, which was cancelled']);
});

test('a circle of dependencies is found from each of its Issues, and not from one that only leads into it', () => {
  const issues = { in: { on: ['a'] }, a: { on: ['b'] }, b: { on: ['c'] }, c: { on: ['a'] }, self: { on: ['self'] } };
  const hopeless = (name: string) => read(issues, name).hopelessDependencies;
  assert.deepEqual(hopeless('b'), ['c, which waits for this one in turn']);
  assert.deepEqual(hopeless('self'), ['self, which waits for this one in turn']);
  assert.deepEqual(hopeless('in'), []);
});

test('a circle is none any more once one of its Issues is done', () => {
  const issues = { a: { on: ['b'] }, b: { on: ['c'] }, c: { on: ['a'], phase: 'Done' } };
  assert.deepEqual(read(issues, 'a').hopelessDependencies, []);
});
