import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue, Repository } from '#crds';
import type { FactUpdate } from '#lib/forge';
import type { Conductor } from '../issues/context.ts';
import { affectedIssues } from './affected.ts';

const PULL = 34;
const key = { host: 'github.com', id: 700 };
const follower = { metadata: { namespace: 'team', name: 'widgets' } } as Repository;

interface Shape {
  readonly phase?: string;
  readonly pull?: number;
  readonly merged?: boolean;
  readonly reason?: string;
  readonly branch?: string;
}

function issue(name: string, { phase, pull, merged = false, reason = 'Progressing', branch }: Shape): Issue {
  const pullRequest = pull === undefined ? {} : { pullRequest: { number: pull, ...(merged && { mergeSHA: 'e' }) } };
  const conditions = [{ type: 'Ready', status: 'False', reason }];
  const metadata = { namespace: 'team', name };
  return {
    metadata,
    spec: { number: 7 },
    status: { phase, conditions, ...pullRequest, ...(branch && { branch }) },
  } as unknown as Issue;
}

/** Names of the issues that a delivery leads to a look at, the certain ones first. */
async function looked(issues: readonly Issue[], update: object): Promise<string[]> {
  const objects = { issues: { byIndex: (_: string, of: string) => (of === 'team/widgets' ? issues : []) } };
  const mirror = { pullsWithHead: async () => [PULL] };
  const conductor = { objects, mirror, log: {} } as unknown as Conductor;
  const affected = await affectedIssues(conductor, key, [follower], update as FactUpdate);
  return affected.sort((a, b) => Number(b.certain) - Number(a.certain)).map(({ name }) => name);
}

const review = { kind: 'review', number: PULL };
const check = { kind: 'check', sha: 'a', pullRequests: [] };
const push = { kind: 'push', ref: 'refs/heads/main', defaultBranch: 'main', topFiles: ['README.md'] };
const deployment = { kind: 'deployment' };

const queued = Array.from({ length: 10_000 }, (_, n) => issue(`queued-${n}`, { phase: 'Queued', reason: 'Queued' }));

for (const [what, update] of [
  ['a review', review],
  ['a check', check],
  ['a comment on a pull request', { kind: 'comment', number: PULL, onPullRequest: true }],
  ['a push to the default branch', push],
  ['a deployment', deployment],
] as const)
  test(`${what} looks at none of 10,000 queued Issues`, async () => {
    assert.deepEqual(await looked([...queued, issue('new', {})], update), []);
  });

test('what is told of a pull request looks at its issue, and at those at work whose status names none yet', async () => {
  const all = [
    issue('its', { phase: 'InReview', pull: PULL }),
    issue('at-work', { phase: 'Implementing', branch: 'rig/at-work/1' }),
    issue('parent', { phase: 'Implementing' }),
    issue('other', { phase: 'InReview', pull: 35 }),
    issue('asked', { phase: 'AwaitingHuman' }),
    issue('failed', { phase: 'Failed', branch: 'rig/failed/3' }),
  ];
  for (const update of [review, check]) assert.deepEqual(await looked(all, update), ['its', 'at-work']);
});

test('a pull request, a push to a branch and an issue of the forge look at the Issue they name, ended or not', async () => {
  const all = [issue('fix', { phase: 'Failed' }), issue('fixes', { phase: 'Queued' })];
  const ref = 'rig/fix/2';
  assert.deepEqual(await looked(all, { kind: 'pull-request', number: 99, facts: { head: { ref } } }), ['fix']);
  assert.deepEqual(await looked(all, { ...push, ref: `refs/heads/${ref}` }), ['fix']);
  assert.deepEqual(await looked([issue('fix', { phase: 'Failed' })], { kind: 'issue', number: 7 }), ['fix']);
});

test('a push to the default branch looks at open pull requests and what is deployed, and at what waits for an Agent if it may have changed the stack', async () => {
  const all = [
    issue('open', { phase: 'InReview', pull: PULL }),
    issue('deploying', { phase: 'Deploying', pull: 35, merged: true }),
    issue('unfit', { phase: 'AwaitingHuman', reason: 'NoAgentFits' }),
    issue('queued', { phase: 'Queued' }),
    issue('asked', { phase: 'AwaitingHuman', reason: 'AskedForPerson' }),
    issue('cancelled', { phase: 'Cancelled', pull: 36 }),
  ];
  assert.deepEqual(await looked(all, push), ['open', 'deploying']);
  for (const topFiles of [null, ['.rig-agent.yaml', 'README.md']])
    assert.deepEqual(await looked(all, { ...push, topFiles }), ['open', 'deploying', 'unfit', 'queued']);
  assert.deepEqual(await looked(all, { ...push, ref: 'refs/heads/other' }), []);
});

test('a deployment that is told late looks at the Issue whose merged change a person is asked about', async () => {
  const all = [
    issue('late', { phase: 'AwaitingHuman', pull: PULL, merged: true }),
    issue('deploying', { phase: 'Deploying' }),
    issue('open', { phase: 'InReview', pull: 35 }),
    issue('asked', { phase: 'AwaitingHuman', pull: 36 }),
  ];
  assert.deepEqual(await looked(all, deployment), ['late', 'deploying']);
});

test('what is told of a repository looks at all its Issues that are not at their end', async () => {
  const all = ['Pending', 'Queued', 'Implementing', 'Done', 'Failed'].map((phase) => issue(phase, { phase }));
  assert.deepEqual(await looked(all, { kind: 'repository' }), ['Pending', 'Queued', 'Implementing']);
});
