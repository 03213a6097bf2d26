import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PullRequestSummary } from '#lib/forge';
import { fencesOf, remainsOf, type Traces } from './remains.ts';

const pull = (number: number, ref: string, over: { state?: string; repositoryId?: number } = {}): PullRequestSummary =>
  ({
    number,
    url: `https://forge.test/${number}`,
    state: over.state ?? 'open',
    head: { sha: 'a'.repeat(40), ref, repositoryId: over.repositoryId ?? 5 },
  }) as unknown as PullRequestSummary;

const issue = { metadata: { namespace: 'team', name: 'one' }, spec: { repositoryRef: { name: 'widgets' } } };
const task = (attempt: number, epoch: number, fence: number, name = 'one') => ({
  metadata: { namespace: 'team', name: `${name}-implement-${attempt}-1` },
  spec: { subject: { issueRef: { name } }, attempt, claim: { id: 'c', epoch, fence } },
});

function traces(pulls: readonly PullRequestSummary[] | null, tasks: readonly object[] = []): Traces {
  return {
    issues: [issue],
    tasks,
    repositories: [{ metadata: { namespace: 'team', name: 'widgets' }, status: { forge: { repositoryID: 5 } } }],
    pulls: new Map(pulls === null ? [] : [['team/widgets', pulls]]),
    unread: new Map(),
  } as unknown as Traces;
}
const of = (...args: Parameters<typeof traces>) => remainsOf(traces(...args), issue as never);

test('the newest attempt is the highest of branch, AgentTask and status, and its pull request that of the newest branch', () => {
  const found = of([pull(7, 'rig/one/2'), pull(6, 'rig/one/1', { state: 'merged' })], [task(3, 1, 9)]);
  assert.deepEqual([found.attempt, found.branch, found.pullRequest?.number], [3, 'rig/one/3', 7]);
  const told = remainsOf(traces([]), { ...issue, status: { attempts: 4, number: 12 } } as never);
  assert.deepEqual([told.attempt, told.number], [4, 12]);
});

test('branches of forks, of other issues, and names that only look like ours are no trace', () => {
  const names = [
    'rig/one/0',
    'rig/one/2/x',
    'rig/one/-1',
    'rig/one-2/1',
    'rig/two/8',
    'rig/one/1e9',
    'rig/one/12345678',
    'one/3',
  ];
  const strangers = names.map((name, index) => pull(index + 1, name));
  const found = of([...strangers, pull(99, 'rig/one/77', { repositoryId: 6 })], [task(5, 1, 1, 'two')]);
  assert.deepEqual([found.attempt, found.branch, found.pullRequest], [0, null, null]);
});

test('a pull request that was closed without a merge counts as an attempt, and is not taken up', () => {
  const found = of([pull(7, 'rig/one/2', { state: 'closed' })]);
  assert.deepEqual([found.attempt, found.pullRequest], [2, null]);
});

test('a forge that could not be listed is told, never taken for one without pull requests', () => {
  assert.equal(of(null).read, false);
  assert.equal(of([]).read, true);
});

test('fences go on above every one that an AgentTask was given', () => {
  assert.deepEqual(fencesOf(traces([], [task(1, 2, 9), task(2, 3, 4)])), { epoch: 3, fence: 9 });
  assert.deepEqual(fencesOf(traces([])), { epoch: 0, fence: 0 });
});
