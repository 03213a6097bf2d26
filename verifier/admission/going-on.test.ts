import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue } from '#crds';
import type { Tier } from '#domain';
import type { PullRequestSummary } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { type GoingOnSources, mayGoOn } from './going-on.ts';

const issue = (spec: object, number?: number): Issue & KubeObject =>
  ({
    metadata: { name: 'shop-42', namespace: 'acme' },
    spec: { repositoryRef: { name: 'shop' }, title: 'T', labels: [], source: 'kubectl', number: 42, ...spec },
    status: number === undefined ? {} : { pullRequest: { number, headSHA: 'said by a status' } },
  }) as unknown as Issue & KubeObject;

const pull = (number: number, ref: string, over: object = {}): PullRequestSummary =>
  ({
    number,
    state: 'open',
    title: 'T',
    body: '',
    head: { ref, sha: `head-${number}`, repositoryId: 7 },
    base: { ref: 'main', sha: 'base', repositoryId: 7 },
    ...over,
  }) as unknown as PullRequestSummary;
const own = (number: number, over: object = {}) => pull(number, `rig/shop-42/${number}`, over);
const closing = (number: number, state: 'open' | 'merged' | 'closed') =>
  pull(number, 'a-persons-own', { state, body: 'Closes #42' });

/** A verifier whose policy knows no rule, so that all is T2 but what a floor raises, and a forge with these pull requests. */
function sources({
  pulls = [],
  passes = [],
  approved = [],
  policy = true,
  complete = true,
}: {
  pulls?: readonly PullRequestSummary[];
  /** Numbers of those whose heads the verifier's check lets through. */
  passes?: readonly number[];
  /** Numbers of those whose merge a person signed for this Issue. */
  approved?: readonly number[];
  policy?: boolean;
  complete?: boolean;
} = {}): GoingOnSources {
  const graded = { state: 'graded', policy: { name: 'p', rules: [], engines: {} }, raise: [] };
  const forge = {
    listPullRequests: async () => ({
      notModified: false,
      items: pulls.filter(({ state }) => state === 'open'),
      complete,
      etag: null,
    }),
    pullRequest: async (_: unknown, number: number) => pulls.find((one) => one.number === number)!,
    ownCheck: async (_: unknown, sha: string) =>
      passes.some((number) => sha === `head-${number}`) ? { conclusion: 'success' } : { conclusion: 'action_required' },
  };
  return {
    repositories: {
      get: (_: string, name: string) => (name === 'shop' ? { spec: { owner: 'o', name: 'n' } } : undefined),
    },
    policies: { of: () => (policy ? graded : { state: 'absent' }) },
    forges: { forRepository: async () => ({ forge }) },
    isApproved: async (_: Issue, { number }: PullRequestSummary) => approved.includes(number),
  } as unknown as GoingOnSources;
}

const floor = (tier: Tier, number?: number) => issue({ tier }, number);
const other = pull(9, 'docs');

const cases: [string, GoingOnSources, Issue & KubeObject, boolean][] = [
  ['without a pull request, and graded below T3', sources(), floor('T1'), true],
  ['without a pull request, at a floor of T3', sources(), floor('T3'), false],
  ['that nothing grades', sources({ policy: false }), floor('T1'), false],
  ['whose Repository is not there', sources(), issue({ repositoryRef: { name: 'other' } }), false],
  ['whose head the check lets through', sources({ pulls: [own(1)], passes: [1] }), issue({}, 1), true],
  ['whose head the check asks a person about', sources({ pulls: [own(1)] }), issue({}, 1), false],
  ['whose status leaves out what waits at the forge', sources({ pulls: [own(1)] }), floor('T1'), false],
  ['whose status names another’s change that passes', sources({ pulls: [other], passes: [9] }), floor('T3', 9), false],
  [
    'whose status names one that passes beside one that waits',
    sources({ pulls: [own(1), closing(9, 'open')], passes: [9] }),
    floor('T1', 9),
    false,
  ],
  [
    'whose own change passes beside a person’s that closes it and waits',
    sources({ pulls: [own(1), closing(9, 'open')], passes: [1] }),
    floor('T1', 1),
    false,
  ],
  [
    'below T3 that a person’s own change closes and no status names, which waits',
    sources({ pulls: [closing(9, 'open')] }),
    floor('T1'),
    false,
  ],
  [
    'below T3 that a person’s own change closes and no status names, which passes',
    sources({ pulls: [closing(9, 'open')], passes: [9] }),
    floor('T1'),
    true,
  ],
  [
    'at T3 that a person’s own change closes and no status names, which nobody signed',
    sources({ pulls: [closing(9, 'open')], passes: [9] }),
    floor('T3'),
    false,
  ],
  [
    'at T3 that a person’s own change closes and no status names, which a person signed',
    sources({ pulls: [closing(9, 'open')], passes: [9], approved: [9] }),
    floor('T3'),
    true,
  ],
  [
    'whose merge was signed, beside another that was opened after it, closes it and waits',
    sources({ pulls: [closing(9, 'merged'), closing(10, 'open')], passes: [9], approved: [9] }),
    floor('T3', 9),
    false,
  ],
  [
    'whose merge was signed, beside one that was opened before it and closes it',
    sources({ pulls: [closing(8, 'open'), closing(9, 'merged')], passes: [9], approved: [9] }),
    floor('T3', 9),
    true,
  ],
  [
    'that a change of a fork says to close',
    sources({
      pulls: [pull(9, 'theirs', { body: 'Closes #42', head: { ref: 'theirs', sha: 'head-9', repositoryId: 8 } })],
    }),
    floor('T1'),
    true,
  ],
  [
    'that a person’s own change closes, which a person signed',
    sources({ pulls: [closing(9, 'open')], passes: [9], approved: [9] }),
    floor('T3', 9),
    true,
  ],
  [
    'at T3 that another’s open change has just been made to close, whose check has not been looked at again',
    sources({ pulls: [closing(9, 'open')], passes: [9] }),
    floor('T3', 9),
    false,
  ],
  [
    'below T3 that a person’s own change closes',
    sources({ pulls: [closing(9, 'open')], passes: [9] }),
    floor('T1', 9),
    true,
  ],
  [
    'at T3 that another’s merged change has been made to close afterwards',
    sources({ pulls: [closing(9, 'merged')], passes: [9] }),
    floor('T3', 9),
    false,
  ],
  [
    'at T3 whose merge was signed and let through',
    sources({ pulls: [closing(9, 'merged')], passes: [9], approved: [9] }),
    floor('T3', 9),
    true,
  ],
  [
    'whose merge was signed and not let through',
    sources({ pulls: [closing(9, 'merged')], approved: [9] }),
    floor('T1', 9),
    false,
  ],
  [
    'whose merge was signed, beside a draft of an agent',
    sources({ pulls: [own(1), closing(9, 'merged')], passes: [9], approved: [9] }),
    floor('T3', 9),
    true,
  ],
  [
    'below T3 that another’s merged change is said to close, beside a draft that waits',
    sources({ pulls: [own(1), closing(9, 'merged')], passes: [9] }),
    floor('T1', 9),
    false,
  ],
  [
    'whose own change was merged, beside the draft of an earlier attempt',
    sources({ pulls: [own(1), own(2, { state: 'merged' })], passes: [2] }),
    floor('T1', 2),
    true,
  ],
  [
    'whose own change was merged before the attempt that waits',
    sources({ pulls: [own(1, { state: 'merged' }), own(2)], passes: [1] }),
    floor('T1', 1),
    false,
  ],
  [
    'at T3 whose own change was merged at a lower tier, before it was taken up again',
    sources({ pulls: [own(1, { state: 'merged' })], passes: [1] }),
    floor('T3', 1),
    false,
  ],
  [
    'whose name a fork gave the branch that was merged',
    sources({
      pulls: [own(2, { state: 'merged', head: { ref: 'rig/shop-42/2', sha: 'head-2', repositoryId: 8 } }), own(1)],
      passes: [2],
    }),
    floor('T1', 2),
    false,
  ],
  ['whose change was given up, at T3', sources({ pulls: [closing(9, 'closed')], passes: [9] }), floor('T3', 9), false],
  ['whose change was given up, below T3', sources({ pulls: [closing(9, 'closed')] }), floor('T1', 9), true],
  [
    'whose name a fork gives its branch',
    sources({ pulls: [own(1, { head: { ref: 'rig/shop-42/1', sha: 'head-1', repositoryId: 8 } })] }),
    floor('T1'),
    true,
  ],
  ['of more pull requests than are shown', sources({ complete: false }), floor('T1'), false],
];
for (const [what, from, one, may] of cases) {
  test(`an Issue ${what} ${may ? 'may go on' : 'does not go on'} as far as the verifier finds`, async () => {
    assert.equal(await mayGoOn(from, one), may);
  });
}
