import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type Action,
  type ApprovalScope,
  type ChangeGrade,
  consentFor,
  type DomainEvent,
  defaultPolicy,
  type IssueState,
  known,
  type PullRequestFacts,
  unknown,
} from '#domain';
import { EventsError } from '#lib/events';
import { type BranchRules, ForgeError, type MergeRequest, type MergeResult } from '#lib/forge';
import { Waiting } from '#lib/kube';
import { ruleset as rulesetOf, wish } from '../../domain/gate/cases/enforced.ts';
import { HEAD, OLD_HEAD, PULL } from '../../domain/testing/facts.ts';
import { inReview } from '../../domain/testing/story.ts';
import { changeGrade } from '../../domain/testing/world.ts';
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
  /** What happens while the call waits behind others, its request written already. */
  readonly queued?: (story: Story, issues: Map<string, { metadata: object }>, states: string[]) => void;
  /** What happens while the pull request is read. */
  readonly reading?: (story: Story, times: number) => void;
  /** What happens while the rules are read, the first time or each time; with `last`, once the pull request has been answered. */
  readonly ruling?: (story: Story, times: number) => void;
  /** Which of the two the forge answers last. */
  readonly last?: 'rules' | 'pull';
  /** What deliveries have told of the pull request since it was read. */
  readonly told?: (read: PullRequestFacts) => Partial<PullRequestFacts>;
  /** MERGE_REQUESTED is in the log already, of a call that was not made. */
  readonly requested?: boolean;
  /** The turn to merge was long in coming. */
  readonly late?: boolean;
  /** What the rules grade the work as by now; null where they are gone. Default T1. */
  readonly graded?: 'T1' | 'T3' | null;
  /** The commit of the base at which the change begins that was graded. */
  readonly begins?: string;
  /** What the tier asks by the policy, and who signed; `gone` are those whose Approval holds no more when it is verified. */
  readonly signed?: { readonly terms: object; readonly people: readonly string[]; readonly gone?: readonly string[] };
}

type Story = ReturnType<typeof inReview>;

const repository = {
  metadata: { name: 'parser', namespace: 'team' },
  spec: {
    owner: 'acme',
    name: 'parser',
    apiURL: 'http://forge.test',
    defaultBranch: 'main',
    mergeMethod: 'squash',
    requiredChecks: { kind: 'listed', checks: [{ name: 'test', app: 'github-actions' }] },
    enforcement: { kind: 'ruleset', approvalApp: 'rig-verifier' },
  },
  status: { forge: { repositoryID: 1 } },
};
/** A ruleset that holds what the Repository asks: its own check, and the verifier's. */
const ruleset = (over: Parameters<typeof rulesetOf>[0] = {}) =>
  rulesetOf(over, { ...wish, checks: [...wish.checks, { name: 'rig/approval', app: 'rig-verifier' }] });
const merged: MergeResult = { merged: true, sha: 'e'.repeat(40) };

/** Asks for the merge; answers the calls that reached the forge, in order with what was appended, and what was appended. */
async function ask(how: AtTheForge) {
  const { live = {}, rules, answer = merged, commits = 0, queued, reading, requested = false, late = false } = how;
  const { graded = 'T1', begins, signed, ruling, last, told = () => ({}) } = how;
  const story = inReview();
  story.later(1_000).verdict(true);
  if (begins !== undefined) story.see({ change: known(changeGrade(story.state, { base: begins }), story.now) });
  if (signed !== undefined) story.see({ terms: signed.terms as never });
  for (const subject of signed?.people ?? []) story.approve('merge', { subject });
  if (requested) story.append([{ type: 'MERGE_REQUESTED', data: { number: PULL, headSHA: HEAD, method: 'squash' } }]);
  const action = story.next() as Extract<Action, { do: 'merge' }>;
  assert.equal(action.do, 'merge');
  const before = story.events.length;
  const order: string[] = [];
  const calls: { key: string; request: MergeRequest }[] = [];
  const issue = {
    metadata: { namespace: 'team', name: 'fix-parser', uid: 'u1', generation: 2 },
    spec: { labels: [], title: 'Fix the parser' },
  };
  const issues = new Map<string, { metadata: object }>([['team/fix-parser', issue]]);
  const states = ['open'];
  let reads = 0;
  let rulings = 0;
  const forge = {
    pullRequest: async () => {
      reads += 1;
      if (last === 'pull') await setImmediate();
      reading?.(story, reads);
      return { ...story.shown, ...live };
    },
    branchRules: async () => {
      if (last === 'rules') await setImmediate();
      rulings += 1;
      ruling?.(story, rulings);
      return (rules ?? (() => ({ rulesets: [ruleset()] })))();
    },
  };
  const conductor = {
    forges: { forRepository: async () => ({ forge }) },
    mirror: {
      putLivePull: async () => {},
      pull: async () => {
        const read = { ...story.shown, ...live };
        return { facts: known({ ...read, ...told(read) }, story.now), readAt: story.now };
      },
      issue: async () => ({ facts: { state: states.at(-1) }, gone: false, toldAt: story.now }),
    },
    log: {
      pool: { query: async () => ({ rows: [] }) },
      append: async (_subject: unknown, _cause: unknown, decide: (state: IssueState) => DomainEvent[]) => {
        const events = decide(story.state);
        for (const event of events) {
          order.push(event.type);
          story.append([event]);
        }
        story.later(commits);
        return { state: story.state, events };
      },
      load: async () => story.state,
    },
    objects: { issues: { get: (namespace: string, name: string) => issues.get(`${namespace}/${name}`) } },
    writes: {
      mergeTurn: async () => !late,
      merge: async (_target: unknown, _number: number, key: string, request: MergeRequest) => {
        queued?.(story, issues, states);
        await request.still?.().catch((cause: Error) => {
          throw new EventsError('EffectRefused', cause.message);
        });
        order.push('the call');
        calls.push({ key, request });
        return answer;
      },
    },
    leader: { epoch: 1 },
    tier: {
      grade: () => (graded === null ? null : { tier: graded, taskClass: 'bugfix', reason: 'By the rules.' }),
      ...(begins !== undefined && {
        change: ({ last, takenBack }: { last: ChangeGrade; takenBack: string | null }) =>
          takenBack === null ? known(last, 0) : unknown('it is graded anew.'),
      }),
    },
    consents: {
      confirm: async (_: unknown, scope: ApprovalScope, uid: string) => {
        const held = consentFor(story.state, scope, story.now, uid);
        return held !== null && signed?.gone?.includes(held.identity.subject) ? null : held;
      },
    },
    policy: defaultPolicy,
    now: () => story.now,
  } as unknown as Conductor;
  const denials = new Denials();
  /** Asks once more, as the next look does; answers how long it is to rest, 0 where not at all. */
  const again = async (): Promise<number> => {
    try {
      await mergeIssue({
        conductor,
        denials,
        issue: issue as never,
        repository: repository as never,
        subject: { id: 'one', namespace: 'team', name: 'fix-parser' },
        state: story.state,
        world: story.snapshot(),
        action,
        cause: { actor: { kind: 'controller', name: 'test' } },
        onTold() {},
      });
      return 0;
    } catch (error) {
      if (!(error instanceof Waiting)) throw error;
      return error.afterMs;
    }
  };
  const rests = await again();
  return { calls, order, appended: story.events.slice(before), story, reads, rests, again };
}

test('a merge names the head that was decided on, and is in the log before it is asked for', async () => {
  const { calls, order, appended } = await ask({});
  assert.deepEqual(order, ['MERGE_REQUESTED', 'the call']);
  assert.deepEqual([calls[0]?.request.sha, calls[0]?.request.method, calls.length], [HEAD, 'squash', 1]);
  assert.equal(calls[0]?.key, String(appended[0]?.version));
});

const two = { T1: { dispatch: 'agent', gates: ['attestors'], attestors: { humans: 2, machines: 0 } } };

test('a merge is asked for under every Approval that it takes, and the log tells each with it', async () => {
  const { order } = await ask({ signed: { terms: two, people: ['ada@example.com', 'bea@example.com'] } });
  assert.deepEqual(order, ['APPROVAL_USED', 'APPROVAL_USED', 'MERGE_REQUESTED', 'the call']);
});

for (const gone of ['ada@example.com', 'bea@example.com'])
  test(`a merge for which two people vouch is not called once the signature of ${gone} holds no more, whoever else signed`, async () => {
    const { calls, appended } = await ask({
      signed: { terms: two, people: ['ada@example.com', 'bea@example.com'], gone: [gone] },
    });
    assert.deepEqual([calls.length, appended.length], [0, 0]);
  });

const denied: [string, AtTheForge][] = [
  ['a policy that was deleted', { graded: null }],
  ['a policy that grades the work T3 by now', { graded: 'T3' }],
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

test('a base that was taken back behind the graded change, seen only by the live read, has the change graded anew before it is merged', async () => {
  const begins = 'c'.repeat(40);
  assert.equal((await ask({ begins })).calls.length, 1);
  const { shown } = inReview();
  const commits = [...shown.commits, { ...shown.commits[0]!, sha: begins }];
  assert.deepEqual((await ask({ begins, live: { commits } })).calls, []);
});

for (const [what, forge] of denied) {
  test(`${what}, seen only right before a merge, keeps the call from being made`, async () => {
    const { calls, appended } = await ask(forge);
    assert.deepEqual([calls.length, appended.length], [0, 0]);
  });
}

test('a conductor that was frozen between reading and calling decides again', async () => {
  const { calls, order } = await ask({ commits: 2_001 });
  assert.deepEqual([calls.length, order], [0, ['MERGE_REQUESTED', 'MERGE_GATE_WAITING']]);
});

test('a conductor that always comes too late rests ever longer, and never says that a person has to look at it', async () => {
  const { story, calls, appended, rests, again } = await ask({ commits: 2_001 });
  const first = defaultPolicy.readInterval;
  assert.equal(rests, first);
  const looks: number[] = [];
  for (let look = 0; look < 30; look += 1) {
    story.later(500);
    looks.push(await again());
  }
  assert.equal(calls.length, 0);
  const told = story.events.slice(story.events.indexOf(appended[0]!)).map(({ type }) => type);
  assert.ok(!told.includes('HUMAN_GATE_TRIGGERED'));
  // Of 31 looks those that its pauses of 3, 6 and 12 s left.
  assert.equal(told.filter((type) => type === 'MERGE_REQUESTED').length, 4);
  assert.ok(looks.every((ms) => ms > 0 && ms <= 8 * first));
});

const slow = (story: Story) => void story.later(3_000);
const slowAtFirst = (story: Story, times: number) => void (times === 1 && story.later(3_000));

const slowly = (ms: number) => ({ reading: (story: Story) => void story.later(ms) });

test('a forge that takes seconds to answer is merged at: what it says counts from when it came in', async () => {
  assert.equal((await ask(slowly(4_000))).calls.length, 1);
});

test('what took a forge more than ten seconds to say is no ground for a merge', async () => {
  const { calls, appended, rests } = await ask(slowly(10_001));
  assert.deepEqual([calls.length, appended.length, rests], [0, 0, defaultPolicy.readInterval]);
});

test('rules that took seconds longer than the pull request have it read once more: each counts from its own answer', async () => {
  const { calls, reads } = await ask({ ruling: slowAtFirst, last: 'rules' });
  assert.deepEqual([calls.length, reads], [1, 3]);
});

test('a pull request that took seconds longer than the rules has them read once more; a forge slow at both in turn is asked later', async () => {
  assert.equal((await ask({ reading: slowAtFirst, last: 'pull' })).calls.length, 1);
  const { calls, appended, rests } = await ask({ reading: slow, ruling: slow, last: 'rules' });
  assert.deepEqual([calls.length, appended.length, rests > 0], [0, 0, true]);
});

const bea = { id: 52, login: 'bea', kind: 'user' } as const;
const told: [string, NonNullable<AtTheForge['told']>][] = [
  [
    'somebody requests changes',
    ({ reviews }) => ({ reviews: [...reviews, { ...reviews[0]!, id: 999, author: bea, state: 'changes_requested' }] }),
  ],
  ['a blocking label is put on it', () => ({ labels: ['do-not-merge'] })],
  ['it is made a draft', () => ({ draft: true })],
  ['its head moves', ({ head }) => ({ head: { ...head, sha: OLD_HEAD } })],
  ['it is pointed at another branch', ({ base }) => ({ base: { ...base, ref: 'release' } })],
  ['somebody writes in a thread', ({ complete }) => ({ complete: { ...complete, threads: false } })],
];
for (const [what, tells] of told)
  test(`a merge during whose preparation a delivery tells that ${what} is not called, and is told as waiting`, async () => {
    const { calls, appended } = await ask({ told: tells, ruling: slowAtFirst, last: 'rules' });
    assert.deepEqual([calls.length, appended.map(({ type }) => type)], [0, ['MERGE_REQUESTED', 'MERGE_GATE_WAITING']]);
  });

test('a merge is called whatever is told meanwhile that no gate asks about, and though the mirror knows an older tip of the base', async () => {
  const { calls } = await ask({
    told: ({ base }) => ({
      title: 'Another title',
      labels: ['nice'],
      base: { ...base, sha: OLD_HEAD },
      mergeable: 'unknown',
      containsBase: null,
    }),
  });
  assert.equal(calls.length, 1);
});

const hold = (story: Story) => void story.command({ do: 'hold', on: true });
const kept: [string, NonNullable<AtTheForge['queued']>][] = [
  ['the facts grow old', (story) => story.later(2_001)],
  ['a person says /rig hold', hold],
  ['the Issue is edited', (_, issues) => issues.set('team/fix-parser', { metadata: { uid: 'u1', generation: 3 } })],
  ['the Issue is made again', (_, issues) => issues.set('team/fix-parser', { metadata: { uid: 'u2', generation: 2 } })],
  ['the forge tells that the issue was closed', (_, __, states) => states.push('closed')],
  ['the Issue is deleted', (_, issues) => issues.delete('team/fix-parser')],
];
for (const [what, queued] of kept) {
  test(`a merge call that waits behind others while ${what} is not made`, async () => {
    const { calls, appended, story } = await ask({ queued });
    assert.deepEqual([calls.length, appended.at(-1)?.type], [0, 'MERGE_GATE_WAITING']);
    assert.equal(story.state.mergeRequested, null, 'it is asked for under another number, if at all');
  });
}

test('a hold that is recorded while the pull request is read keeps a merge that was requested before from being repeated', async () => {
  const { calls } = await ask({ requested: true, reading: hold });
  assert.equal(calls.length, 0);
});

test('a merge that was requested before is asked for again under the number it had', async () => {
  const { calls, appended, story } = await ask({ requested: true });
  assert.deepEqual([calls[0]?.key, appended.length], [String(story.state.mergeRequested?.version), 0]);
});

test('a turn to merge that was long in coming has everything decided again before anything is read', async () => {
  const { calls, appended, reads } = await ask({ late: true });
  assert.deepEqual([calls.length, appended.length, reads], [0, 0, 0]);
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
