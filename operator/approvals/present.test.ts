import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Issue, Repository } from '#crds';
import {
  type Account,
  type ApprovalScope,
  type IssueState,
  known,
  noIssue,
  type PullRequestFacts,
  unknown,
} from '#domain';
import type { LineageAnswer } from '#lib/git';
import type { KubeObject } from '#lib/kube';
import type { Conductor } from '../issues/context.ts';
import { PresentReader } from './present.ts';

const HEAD = 'a'.repeat(40);
const BRANCH = 'rig/shop-42/1';
const ada = { id: 7, login: 'ada', kind: 'user' } as const;
const bot = { id: 9, login: 'dev-e[bot]', kind: 'bot' } as const;

const pull = (change: Partial<PullRequestFacts> = {}): PullRequestFacts =>
  ({
    number: 57,
    state: 'open',
    author: bot,
    head: { sha: HEAD, ref: BRANCH, repositoryId: 5 },
    base: { ref: 'main', sha: 'b'.repeat(40), repositoryId: 5 },
    commits: [{ sha: HEAD, message: 'Co-authored-by: Ada', authors: [ada] }],
    complete: { commits: true },
    ...change,
  }) as PullRequestFacts;

const grade = (tier: 'T1' | 'T3', headSHA = HEAD) =>
  ({ headSHA, tier, taskClass: 'auth', rule: 'judges', path: 'src/auth.ts', reason: 'r', policy: 'p' }) as const;
const plan = { digest: `sha256:${'c'.repeat(64)}`, url: '' };
const state = (change: Partial<IssueState> = {}): IssueState => ({
  ...noIssue,
  classified: { tier: 'T1', taskClass: 'bugfix', reason: 'r', generation: 1 },
  change: grade('T1'),
  pullRequest: { number: 57, url: '', branch: BRANCH, headSHA: HEAD, open: true },
  forwarded: [{ sha: HEAD, attempt: 1, branch: BRANCH }],
  ...change,
});

interface Given {
  readonly facts?: Partial<PullRequestFacts>;
  /** Who pushed, by default to the branch; `sha` to another, where it left that commit. */
  readonly pushers?: readonly { id: number; login: string; sha?: string }[];
  readonly pushed?: boolean;
  /** Moves of other branches, and other pull requests. */
  readonly moves?: readonly { before: string | null; after: string; actor: Account }[];
  readonly told?: Partial<LineageAnswer>;
}

/** The rows that the mirror has for a branch ($3) and the commits that it brings in ($4). */
const pushedTo =
  ([, , ref, commits]: unknown[]) =>
  ({ sha }: { sha?: string }) =>
    sha === undefined ? ref === BRANCH : (commits as string[]).includes(sha);

/** What would be signed of an issue, as a conductor with just these facts says. */
function present(
  issueState: IssueState,
  scope: ApprovalScope,
  { facts, pushers = [], pushed = false, moves = [], told = {} }: Given = {},
) {
  const repository = {
    metadata: { namespace: 'acme', name: 'shop' },
    spec: { apiURL: 'https://github.com', defaultBranch: 'main' },
    status: { forge: { host: 'github.com', repositoryID: 5 } },
  } as unknown as Repository;
  const query = async (_: string, asked: unknown[]) => {
    const [, , others] = asked;
    if (!Array.isArray(others)) return { rows: pushers.filter(pushedTo(asked)) };
    return { rows: moves.filter(({ actor }) => !others.includes(actor.id)) };
  };
  const conductor = {
    objects: { repositories: { get: () => repository } },
    client: { get: async () => ({ metadata: { uid: 'cluster' } }) },
    mirror: {
      pull: async () => ({ facts: known(pull(facts), 0), readAt: 0 }),
      pusherOf: async () => (pushed ? known(bot, 0) : unknown('no delivery of that push has arrived.')),
    },
    log: { pool: { query } },
  } as unknown as Conductor;
  const change = { number: 57, headSHA: HEAD, baseSHA: 'b'.repeat(40), paths: ['src/auth.ts'], manifests: [] };
  const issue = {
    metadata: { namespace: 'acme', name: 'shop-42', uid: 'uid' },
    spec: { repositoryRef: { name: 'shop' }, title: 'Keep sessions', number: 42 },
    status: { plan: { digest: `sha256:${'c'.repeat(64)}` } },
  } as unknown as Issue & KubeObject;
  const lineage = async () => ({ builtOn: new Map(), gone: new Set<string>(), ...told });
  return new PresentReader(conductor, { of: async () => change, lineage }).of(issue, issueState, scope);
}

const gradeOf = async (issueState: IssueState, scope: ApprovalScope) => {
  const { effectiveTier, taskClass } = (await present(issueState, scope)).document;
  return `${effectiveTier} ${taskClass}`;
};

test('a change that its diff makes T3 is signed as T3, of the class of the diff', async () => {
  assert.equal(await gradeOf(state(), 'merge'), 'T1 auth');
  assert.equal(await gradeOf(state({ change: grade('T3') }), 'merge'), 'T3 auth');
});

test('a grade that rises voids what was signed before, whatever its scope, and the class of what was asked stays', async () => {
  const digest = async (issueState: IssueState, scope: ApprovalScope) => (await present(issueState, scope)).digest;
  for (const scope of ['dispatch', 'interface', 'merge'] as const)
    assert.notEqual(
      await digest(state({ plan }), scope),
      await digest(state({ plan, change: grade('T3') }), scope),
      scope,
    );
  assert.equal(await gradeOf(state({ change: grade('T3') }), 'dispatch'), 'T3 bugfix');
});

test('a floor that a person set counts, and a lower one lowers nothing', async () => {
  assert.equal(await gradeOf(state({ tierFloor: 'T2' }), 'merge'), 'T2 auth');
  assert.equal(await gradeOf(state({ tierFloor: 'T2', change: grade('T3') }), 'merge'), 'T3 auth');
  assert.equal(await gradeOf(state({ classified: null, change: null }), 'dispatch'), 'T3 undefined');
});

test('a head whose change is not graded has no tier yet, so nobody approves its merge', async () => {
  for (const change of [null, grade('T1', 'd'.repeat(40))])
    await assert.rejects(present(state({ change }), 'merge'), { name: 'Retry', reason: 'FactUnknown' });
  await present(state({ change: null }), 'dispatch');
});

const unfit: [string, Partial<PullRequestFacts>, RegExp][] = [
  [
    'goes to another branch than the document says',
    { base: { ...pull().base, ref: 'release' } },
    /goes to release; set its base to main/,
  ],
  ['comes from a fork', { head: { ...pull().head, repositoryId: 6 } }, /comes from another repository/],
  ['comes from a fork that is gone', { head: { ...pull().head, repositoryId: null } }, /comes from another repository/],
  ['is closed', { state: 'closed' }, /is closed/],
];
for (const [title, facts, message] of unfit)
  test(`nobody approves the merge of a pull request that ${title}`, async () => {
    await assert.rejects(present(state(), 'merge', { facts }), { name: 'ApprovalError', code: 'MissingPart', message });
  });

test('an issue without a pull request has no merge to approve', async () => {
  await assert.rejects(present(state({ pullRequest: null }), 'merge'), { name: 'ApprovalError', code: 'MissingPart' });
});

const authorsOf = async (given: Given, forwarded = state().forwarded) =>
  (await present(state({ forwarded }), 'merge', given)).authors?.map(({ login }) => login) ?? null;

test('authors are whoever opened and whoever pushed; what commits say of their authors decides nothing', async () => {
  assert.deepEqual(await authorsOf({}), ['dev-e[bot]']);
  assert.deepEqual(await authorsOf({ pushers: [ada] }), ['dev-e[bot]', 'ada']);
  assert.deepEqual(await authorsOf({ facts: { author: ada } }), ['ada']);
});

test('who pushed one of its commits to another branch, as to that of an earlier attempt, is one of the authors', async () => {
  const earlier = 'e'.repeat(40);
  const commits = [...pull().commits, { ...pull().commits[0]!, sha: earlier }];
  const pushers = [{ ...ada, sha: earlier }];
  assert.deepEqual(await authorsOf({ pushers, facts: { commits } }), ['dev-e[bot]', 'ada']);
  assert.deepEqual(await authorsOf({ pushers }), ['dev-e[bot]']);
});

test('who pushed one of its commits below another to any branch, or opened a pull request with it, is one of the authors, and who went on from there is not', async () => {
  const [trivial, later] = ['d'.repeat(40), 'f'.repeat(40)];
  const bea = { id: 8, login: 'bea' };
  const moves = [
    { before: null, after: trivial, actor: ada },
    { before: trivial, after: later, actor: bea },
  ];
  const builtOn = new Map([
    [trivial, [HEAD]],
    [later, [trivial]],
  ]);
  assert.deepEqual(await authorsOf({ moves, told: { builtOn } }), ['dev-e[bot]', 'ada']);
  assert.deepEqual(await authorsOf({ moves }), ['dev-e[bot]']);
  assert.deepEqual(await authorsOf({ moves, told: { gone: new Set([later]) } }), ['dev-e[bot]', 'bea']);
});

test('authors are not known where not every commit was read', async () => {
  const complete = { ...pull().complete, commits: false };
  assert.equal(await authorsOf({ facts: { complete } }), null);
});

test('where nobody told who pushed the head, and no agent did, its authors are not known', async () => {
  assert.equal(await authorsOf({ pushers: [ada] }, []), null);
  assert.deepEqual(await authorsOf({ pushers: [ada], pushed: true }, []), ['dev-e[bot]', 'ada']);
  assert.equal(await authorsOf({}, [{ sha: HEAD, attempt: 1, branch: 'rig/another/1' }]), null);
});
