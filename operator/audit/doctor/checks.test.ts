import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examinations } from './checks.ts';
import type { Clustered, Standing, Stored } from './facts.ts';
import { checks } from './finding.ts';

const NOW = 1_700_000_000_000;
const ago = (minutes: number) => NOW - minutes * 60_000;
const position = { system: '7', epoch: 3, fence: 40, txid: 900n };

const object = (over: Partial<Standing> = {}): Standing => ({
  key: 'team/one',
  uid: 'u1',
  phase: null,
  why: null,
  stalled: null,
  suspended: false,
  ...over,
});
const stalled = { reason: 'SecretMissing', message: 'No Secret.', since: ago(9) };

const cluster = (over: Partial<Clustered> = {}): Clustered => ({
  issues: [object({ phase: 'InReview', why: 'It waits for review.' }), object({ phase: 'Done' })],
  repositories: [{ ...object(), forgeId: 5 }],
  agents: [object({ uid: 'agent' })],
  lease: { holder: 'a', renewedAt: NOW - 2_000 },
  mark: { position, writtenAt: NOW - 5_000, behind: null, recoveries: 0 },
  ...over,
});

const stored = (over: Partial<Stored> = {}): Stored => ({
  position,
  leader: { epoch: 3, holder: 'a' },
  tasks: [{ key: 'team/t', agent: 'dev-e', started: true, seenAt: ago(4) }],
  effects: [{ key: 'comment/1', state: 'started', attempt: 1, at: ago(1) }],
  notices: [{ key: 'notice/ops/s@4', attempt: 2, at: ago(1) }],
  deliveries: [{ id: 'd', event: 'push', receivedAt: ago(0.5), attempts: 0, outcome: null, detail: null }],
  answers: [{ key: 'command/1', repository: 'team/widgets', number: 7, attempts: 1, failure: null, at: ago(4) }],
  stalls: [],
  queue: [{ key: 'team/q', candidates: ['agent'], since: ago(90) }],
  tails: [{ name: 'sinks', waiting: 0, oldest: null }],
  outboxes: [{ program: 'proxy', rows: 1, oldest: ago(1) }],
  listings: [{ id: 5, name: 'acme/widgets', listedAt: ago(12) }],
  ...over,
});

const found = (over: Partial<Clustered> = {}, kept: Partial<Stored> = {}) =>
  examinations.flatMap((check) => check({ cluster: cluster(over), stored: stored(kept), now: NOW }));

test('a rig that goes on by itself has no finding', () => {
  assert.deepEqual(found(), []);
});

const CASES: [string, ReturnType<typeof found>, string, RegExp][] = [
  ['no mark', found({ mark: null }), 'mark', /no mark of it outside/],
  [
    'a database behind its mark',
    found({}, { position: { ...position, fence: 39 } }),
    'mark',
    /last fence is 39, and 40/,
  ],
  [
    'a database that was found behind once',
    found({
      mark: { position, writtenAt: NOW, behind: { why: 'older.', since: ago(3), lostSince: null }, recoveries: 0 },
    }),
    'mark',
    /older\./,
  ],
  [
    'a mark that nobody writes',
    found({ mark: { position, writtenAt: ago(1), behind: null, recoveries: 0 } }),
    'mark',
    /does not write/,
  ],
  ['no Lease', found({ lease: null }), 'leader', /No conductor holds the Lease/],
  [
    'a Lease that ran out',
    found({ lease: { holder: 'a', renewedAt: ago(1) } }),
    'leader',
    /No conductor holds the Lease/,
  ],
  [
    'a leader that the database does not know',
    found({ lease: { holder: 'b', renewedAt: NOW } }),
    'leader',
    /b holds the Lease/,
  ],
  [
    'an issue that waits for a person',
    found({ issues: [object({ phase: 'AwaitingHuman', why: 'Say which.' })] }),
    'issues',
    /AwaitingHuman: Say which\./,
  ],
  [
    'an issue that failed',
    found({ issues: [object({ phase: 'Failed', why: 'Used up.' })] }),
    'issues',
    /Failed: Used up\./,
  ],
  [
    'an issue that stands still',
    found({ issues: [object({ phase: 'Queued', stalled })] }),
    'issues',
    /Queued: No Secret\./,
  ],
  [
    'a task that fell silent',
    found({}, { tasks: [{ key: 'team/t', agent: 'dev-e', started: true, seenAt: ago(6) }] }),
    'tasks',
    /not been heard of/,
  ],
  [
    'a task that never began',
    found({}, { tasks: [{ key: 'team/t', agent: 'dev-e', started: false, seenAt: ago(16) }] }),
    'tasks',
    /never began/,
  ],
  [
    'an effect of unknown outcome',
    found({}, { effects: [{ key: 'k', state: 'started', attempt: 1, at: ago(3) }] }),
    'effects',
    /not known whether/,
  ],
  [
    'an effect that is put off',
    found({}, { effects: [{ key: 'k', state: 'planned', attempt: 4, at: ago(6) }] }),
    'effects',
    /after 4 attempts/,
  ],
  [
    'a sink that is away',
    found(
      {},
      {
        notices: [
          { key: 'notice/ops/s@4', attempt: 7, at: ago(9) },
          { key: 'notice/ops/t@6', attempt: 1, at: ago(6) },
        ],
      },
    ),
    'notices',
    /sent 8 times: people are not told/,
  ],
  [
    'a delivery that is not applied',
    found(
      {},
      {
        deliveries: [
          { id: 'd', event: 'push', receivedAt: ago(2), attempts: 3, outcome: null, detail: 'No Repository.' },
        ],
      },
    ),
    'deliveries',
    /after 3 attempts: No Repository/,
  ],
  [
    'a delivery that failed',
    found(
      {},
      { deliveries: [{ id: 'd', event: 'push', receivedAt: NOW, attempts: 9, outcome: 'failed', detail: 'Bad.' }] },
    ),
    'deliveries',
    /could not be applied: Bad/,
  ],
  [
    'an answer that was given up',
    found(
      {},
      {
        answers: [
          { key: 'c', repository: 'team/widgets', number: 7, attempts: 1, failure: 'It is locked.', at: ago(60) },
        ],
      },
    ),
    'answers',
    /given up: It is locked/,
  ],
  [
    'an answer that fails again and again',
    found(
      {},
      {
        answers: [{ key: 'c', repository: 'team/widgets', number: 7, attempts: 3, failure: null, at: ago(0) }],
      },
    ),
    'answers',
    /not sent after 3 attempts/,
  ],
  [
    'a newer event',
    found({}, { stalls: [{ tail: 't', stream: 's', version: 3, reason: 'NewerEvent', since: ago(1) }] }),
    'streams',
    /newer release/,
  ],
  [
    'a hole in the log',
    found({}, { stalls: [{ tail: 't', stream: 's', version: 3, reason: 'VersionGap', since: ago(1) }] }),
    'streams',
    /none before it/,
  ],
  [
    'a queued issue without an Agent',
    found({ agents: [object({ uid: 'agent', suspended: true })] }),
    'queue',
    /None of the Agents/,
  ],
  ['a tail that lags', found({}, { tails: [{ name: 'sinks', waiting: 7, oldest: ago(2) }] }), 'tails', /7 events wait/],
  [
    'an outbox that is left',
    found({}, { outboxes: [{ program: 'egress', rows: 3, oldest: ago(6) }] }),
    'outbox',
    /3 rows/,
  ],
  [
    'a mirror that is old',
    found({}, { listings: [{ id: 5, name: 'acme/widgets', listedAt: ago(31) }] }),
    'mirror',
    /was not listed/,
  ],
  [
    'a Repository that is not ready',
    found({ repositories: [{ ...object({ stalled }), forgeId: 6 }] }),
    'repositories',
    /SecretMissing: No Secret/,
  ],
];

for (const [what, findings, check, why] of CASES)
  test(`${what} is found by the check ${check} alone, and says what helps`, () => {
    assert.deepEqual(
      findings.map((finding) => finding.check),
      [check],
    );
    assert.match(findings[0]!.why, why);
    assert.match(findings[0]!.help, /\w.*\.$/s);
  });

test('an Agent that is not ready is found, and its queue with it', () => {
  const findings = found({ agents: [object({ uid: 'agent', stalled })] });
  assert.deepEqual(
    findings.map(({ check }) => check),
    ['agents', 'queue'],
  );
});

test('every check but that of the database itself has a case here', () => {
  const tried = new Set(CASES.map(([, , check]) => check));
  assert.deepEqual([...tried, 'agents', 'database'].sort(), Object.keys(checks).sort());
});
