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
  policy = true,
  complete = true,
}: {
  pulls?: readonly PullRequestSummary[];
  /** Numbers of those whose heads the verifier's check lets through. */
  passes?: readonly number[];
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
  ['that a person’s own change closes', sources({ pulls: [closing(9, 'open')], passes: [9] }), floor('T3', 9), true],
  [
    'that was merged as the check let it',
    sources({ pulls: [closing(9, 'merged')], passes: [9] }),
    floor('T3', 9),
    true,
  ],
  [
    'that was merged beside a draft of an agent',
    sources({ pulls: [own(1), closing(9, 'merged')], passes: [9] }),
    floor('T3', 9),
    true,
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
