import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, type DomainEvent, defaultPolicy, type IssueState, type PullRequestFacts } from '#domain';
import { type BranchRules, ForgeError, type MergeRequest, type MergeResult } from '#lib/forge';
import { ruleset } from '../../domain/gate/cases/enforced.ts';
import { HEAD, OLD_HEAD } from '../../domain/testing/facts.ts';
import { inReview } from '../../domain/testing/story.ts';
import type { Conductor } from './context.ts';
import { Denials } from './denials.ts';
import { mergeIssue } from './merge.ts';

/** What the forge shows and does when a merge is asked for that every gate allowed a moment ago. */
interface AtTheForge {
  readonly live?: Partial<PullRequestFacts>;
  readonly rules?: () => BranchRules;
  readonly answer?: MergeResult;
  /** How long the log takes to commit MERGE_REQUESTED, in ms. */
  readonly commits?: number;
}

const repository = {
  metadata: { name: 'parser', namespace: 'team' },
  spec: {
    owner: 'acme',
    name: 'parser',
    apiURL: 'http://forge.test',
    defaultBranch: 'main',
    mergeMethod: 'squash',
    requiredChecks: { kind: 'listed', checks: [{ name: 'test', app: 'github-actions' }] },
    enforcement: { kind: 'ruleset' },
  },
  status: { forge: { repositoryID: 1 } },
};
const merged: MergeResult = { merged: true, sha: 'e'.repeat(40) };

/** Asks for the merge; answers the calls that reached the forge, in order with what was appended, and what was appended. */
async function ask({ live = {}, rules, answer = merged, commits = 0 }: AtTheForge) {
  const story = inReview();
  story.later(1_000).verdict(true);
  const action = story.next() as Extract<Action, { do: 'merge' }>;
  assert.equal(action.do, 'merge');
  const before = story.events.length;
  const order: string[] = [];
  const calls: { key: string; request: MergeRequest }[] = [];
  const forge = {
    pullRequest: async () => ({ ...story.shown, ...live }),
    branchRules: async () => (rules ?? (() => ({ rulesets: [ruleset()] })))(),
  };
  const conductor = {
    forges: { forRepository: async () => ({ forge }) },
    mirror: { putLivePull: async () => {} },
    log: {
      pool: { query: async () => ({ rows: [] }) },
      append: async (_subject: unknown, _cause: unknown, decide: (state: IssueState) => DomainEvent[]) => {
        for (const event of decide(story.state)) {
          order.push(event.type);
          story.append([event]);
        }
        story.later(commits);
        return { state: story.state };
      },
    },
    writes: {
      merge: async (_target: unknown, _number: number, key: string, request: MergeRequest) => {
        order.push('the call');
        calls.push({ key, request });
        return answer;
      },
    },
    leader: { epoch: 1 },
    policy: defaultPolicy,
    now: () => story.now,
  } as unknown as Conductor;
  await mergeIssue({
    conductor,
    denials: new Denials(),
    issue: { metadata: { name: 'fix-parser' } } as never,
    repository: repository as never,
    subject: { id: 'one', namespace: 'team', name: 'fix-parser' },
    state: story.state,
    world: story.snapshot(),
    action,
    cause: { actor: { kind: 'controller', name: 'test' } },
  });
  return { calls, order, appended: story.events.slice(before), story };
}

test('a merge names the head that was decided on, and is in the log before it is asked for', async () => {
  const { calls, order, appended } = await ask({});
  assert.deepEqual(order, ['MERGE_REQUESTED', 'the call']);
  assert.deepEqual([calls[0]?.request.sha, calls[0]?.request.method, calls.length], [HEAD, 'squash', 1]);
  assert.equal(calls[0]?.key, String(appended[0]?.version));
});

const denied: [string, AtTheForge][] = [
  [
    'a head that moved since the decision',
    { live: { head: { sha: OLD_HEAD, ref: 'rig/fix-parser/1', repositoryId: 700 } } },
  ],
  ['a base that was retargeted', { live: { base: { ref: 'release', sha: HEAD, repositoryId: 700 } } }],
  ['an approval that was dismissed', { live: { reviews: [] } }],
  ['a draft', { live: { draft: true } }],
  ['a blocking label', { live: { labels: ['do-not-merge'] } }],
  ['a conflict', { live: { mergeable: 'conflicting' } }],
  ['a merge queue', { live: { mergeQueue: 'required' } }],
  ['a ruleset that was changed', { rules: () => ({ rulesets: [ruleset({ deletion: false })] }) }],
  ['a ruleset that was deleted', { rules: () => ({ rulesets: [] }) }],
  [
    'rules that cannot be read',
    {
      rules: () => {
        throw new ForgeError(
          'Forbidden',
          'Upgrade to GitHub Pro or make this repository public to enable this feature.',
        );
      },
    },
  ],
];
for (const [what, forge] of denied) {
  test(`${what}, seen only by the live read before a merge, keeps the call from being made`, async () => {
    const { calls, appended } = await ask(forge);
    assert.deepEqual([calls.length, appended.length], [0, 0]);
  });
}

test('a conductor that was frozen between reading and calling decides again', async () => {
  const { calls, order } = await ask({ commits: 2_001 });
  assert.deepEqual([calls.length, order], [0, ['MERGE_REQUESTED']]);
});

for (const [code, reason, words] of [
  ['Refused', 'MergeRefused', 'At least 1 approving review is required by reviewers with write access.'],
  ['NotMergeable', 'NotMergeable', 'Pull Request is not mergeable'],
  ['HeadMoved', 'HeadMoved', 'Head branch was modified. Review and try the merge again.'],
] as const) {
  test(`a merge that the forge answers with ${code} is told in its words, and asked for again after a pause`, async () => {
    const { appended, story } = await ask({ answer: { merged: false, code, message: words } });
    assert.deepEqual(
      appended.map(({ type, data }) => [
        type,
        'reason' in data ? data.reason : null,
        'message' in data ? data.message : null,
      ]),
      [
        ['MERGE_REQUESTED', null, null],
        ['MERGE_GATE_WAITING', reason, words],
      ],
    );
    const next = story.next();
    assert.equal(next.do === 'wait' && next.until, story.now + defaultPolicy.mergeBackoff);
    assert.ok(next.message.includes(words));
  });
}
