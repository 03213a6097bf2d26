import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DomainEvent, defaultPolicy, type IssueState, noIssue, unknown, type World } from '#domain';
import { Waiting } from '#lib/kube';
import type { Conductor } from './context.ts';
import { Denials } from './denials.ts';
import { mergeIssue } from './merge.ts';

const SHA = 'a'.repeat(40);
const world = {
  repository: unknown('not asked'),
  headPushedBy: unknown('not asked'),
  gate: { pushers: [], headElsewhere: [], baseChangedAt: null, enforcement: unknown('not asked') },
  agents: [],
  machines: new Set(),
  permissions: new Map(),
  tier: null,
} as unknown as World;
const action = {
  do: 'merge',
  number: 7,
  headSHA: SHA,
  method: 'squash',
  reason: 'AllGatesPassed',
  message: '',
} as const;

/** Asks `times` times for a merge of one head that the live read denies; answers what came of each, and what was appended. */
async function ask(times: number, atOnce = false) {
  const appended: DomainEvent[] = [];
  let reads = 0;
  const conductor = {
    forges: {
      forRepository: async () => ({
        forge: { pullRequest: async () => ({ read: ++reads, head: { sha: SHA, ref: 'rig/one/1' }, commits: [] }) },
      }),
    },
    writes: { mergeTurn: async () => true },
    leader: { epoch: 1 },
    mirror: { putLivePull: async () => {} },
    log: {
      pool: { query: async () => ({ rows: [] }) },
      append: async (_subject: unknown, _cause: unknown, decide: (state: IssueState) => DomainEvent[]) =>
        appended.push(...decide(noIssue)),
    },
    tier: { grade: () => null },
    policy: defaultPolicy,
    now: Date.now,
  } as unknown as Conductor;
  const denials = new Denials();
  const repository = {
    spec: { owner: 'acme', name: 'widgets', apiURL: 'http://forge.test', enforcement: { kind: 'none' } },
    status: { forge: { repositoryID: 1 } },
  };
  const said: (number | string)[] = [];
  const one = () =>
    mergeIssue({
      conductor,
      denials,
      issue: { spec: { labels: [], title: 'One' } } as never,
      repository: repository as never,
      subject: { id: 'one', namespace: 'team', name: 'one' },
      state: noIssue,
      world,
      action,
      cause: { actor: { kind: 'controller', name: 'test' } },
      onTold() {},
    }).then(
      () => said.push('again'),
      (error) => said.push(error instanceof Waiting ? error.afterMs : error),
    );
  if (atOnce) await Promise.all(Array.from({ length: times }, one));
  else for (let n = 0; n < times; n++) await one();
  return { said, appended, reads };
}

test('a merge that the live read denies is decided once more at once, then ever later', async () => {
  const { said, reads } = await ask(5);
  assert.deepEqual(said, ['again', 3_000, 6_000, 12_000, 24_000]);
  assert.equal(reads, 5);
});

test('a merge that the live read keeps denying is left to a person', async () => {
  const { said, appended } = await ask(11);
  assert.equal(said.at(-1), 'again');
  assert.deepEqual(
    appended.map(({ type, data }) => [type, (data as { reason: string }).reason]),
    [['HUMAN_GATE_TRIGGERED', 'FactUnknown']],
  );
  assert.match((appended[0]!.data as { message: string }).message, /pull request #7/);
});

test('of two merges of one repository at once the second waits and reads nothing, for its reading would grow old at the first', async () => {
  const { said, reads } = await ask(2, true);
  assert.deepEqual(said, [250, 'again']);
  assert.equal(reads, 1);
});
