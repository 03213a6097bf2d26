import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbiddenWords } from '../origin/index.ts';
import { threadHandles } from '../prompt/index.ts';
import { failureName } from './failure-name.ts';
import { type Resolution, type Review, resolveThreadTool, reviewTools, Toolbox, toSend } from './index.ts';

const sandbox = { call: () => assert.fail('the sandbox was asked') };
const live = new AbortController().signal;
const threads = threadHandles([
  { id: 'A', path: 'a.js', line: 1, resolved: false, mayResolve: true, comments: [] },
  { id: 'B', path: 'b.js', line: null, resolved: true, mayResolve: true, comments: [] },
  { id: 'C', path: 'c.js', line: 3, resolved: false, mayResolve: false, comments: [{ author: 'ada', body: 'Why?' }] },
]);

test('closing keywords, skip marks and our trailers are found, ordinary words are not', () => {
  for (const text of [
    'Fixes #3',
    'this closes: team/shop#12',
    'Resolve #1',
    'x [skip ci]',
    '[ci skip]',
    'a\nRig-Task: b',
  ])
    assert.notEqual(forbiddenWords(text), undefined, text);
  for (const text of ['Fix the parser', 'See #3', 'The fix for 3 cases', 'resolve paths'])
    assert.equal(forbiddenWords(text), undefined, text);
});

test('a review has no tool that runs code or changes files', () => {
  const review: Review = { comments: [], reopened: new Map() };
  const { definitions } = new Toolbox(reviewTools({ sandbox, threads, review }));
  assert.deepEqual(
    definitions.map(({ name }) => name),
    ['read', 'search', 'comment', 'reopenThread', 'verdict', 'ask'],
  );
});

test('an approval with a reopened thread is refused, a request for changes is taken', async () => {
  const review: Review = { comments: [], reopened: new Map() };
  const box = new Toolbox(reviewTools({ sandbox, threads, review }));
  await box.call('reopenThread', { thread: 'T2', reply: 'Not fixed.' }, live);
  assert.equal((await box.call('verdict', { verdict: 'approve', body: 'ok' }, live)).isError, true);
  assert.equal((await box.call('verdict', { verdict: 'request-changes', body: 'no' }, live)).ending?.kind, 'verdict');
  assert.deepEqual(toSend(review.reopened), [{ id: 'B', reply: 'Not fixed.' }]);
});

test('an open thread is resolved once, one resolved already is not sent, an unknown one is refused', async () => {
  const resolved = new Map<string, Resolution>();
  const box = new Toolbox([resolveThreadTool(threads, resolved)]);
  await box.call('resolveThread', { thread: 'T1', reply: 'Done.' }, live);
  await box.call('resolveThread', { thread: 'T2', reply: 'Done.' }, live);
  assert.match(
    (await box.call('resolveThread', { thread: 'T4', reply: 'x' }, live)).text,
    /There is no thread T4; there are T1, T2, T3/,
  );
  assert.deepEqual(toSend(resolved), [{ id: 'A', reply: 'Done.' }]);
  assert.match(
    (await box.call('resolveThread', { thread: 'T3', reply: 'x' }, live)).text,
    /T3 was opened by ada, who alone resolves/,
  );
  assert.deepEqual([...resolved.keys()], ['T1', 'T2']);
});

test("a repository's list of tools leaves out the others but never those that end a task", () => {
  const box = new Toolbox(reviewTools({ sandbox, threads, review: { comments: [], reopened: new Map() } }), ['read']);
  assert.deepEqual(
    box.definitions.map(({ name }) => name),
    ['read', 'verdict', 'ask'],
  );
});

test('failures that differ in numbers and temporary paths only have the same name', () => {
  assert.equal(failureName('not ok 3 in 12 ms /tmp/x1/a'), failureName('not ok 4 in 9.5 ms /tmp/y/b'));
  assert.notEqual(failureName('not ok a'), failureName('not ok b'));
});
