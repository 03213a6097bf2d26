import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Repository } from '#crds';
import { catalogue, type DomainEvent, defaultLedgerPolicy, known, type Sample, type SloFacts } from '#domain';
import { EventStore, ensureSubject } from '#lib/events';
import { silentLogger } from '#lib/observe';
import { fileLife } from '../api/conductor.int-kit.ts';
import { LedgerProjection } from '../ledger/projection.ts';
import { cause, eventsOf, type LogWorld, openLog, spec } from '../store/store.int-kit.ts';
import { Depletions, UNSETTLED } from './depletion.ts';
import type { Ask } from './prometheus.ts';

const MIGRATION = '20261122002700_unsettled.sql';
const WINDOW = 30 * 86_400_000;
const HEAD = 'a'.repeat(40);
const HOUR = 3_600_000;
let world: LogWorld;
let store: EventStore;
let number = 0;

before(async () => {
  world = await openLog(fileLife as never);
  store = new EventStore({ db: world.pool, types: catalogue });
});

const value = (of: number): Sample => ({ known: true, value: of });
const spent: SloFacts = {
  levels: new Map(),
  budgets: new Map([['availability', new Map([[WINDOW, { good: value(990), total: value(1_000) }]])]]),
};
const left: SloFacts = {
  levels: new Map(),
  budgets: new Map([['availability', new Map([[WINDOW, { good: value(1_000), total: value(1_000) }]])]]),
};

function repository(id: number): Repository {
  const budgets = [
    {
      name: 'availability',
      objective: 0.999,
      window: '30d',
      minRemaining: 0,
      good: 'good[$window]',
      total: 'all[$window]',
    },
  ];
  return {
    metadata: { name: 'shop', namespace: 'team', uid: `uid-${id}` },
    spec: {
      apiURL: 'https://forge.example/api/v3',
      cloneURL: 'https://forge.example/acme/shop.git',
      slo: { kind: 'prometheus', prometheusURL: 'http://p', budgets },
      deploy: { kind: 'none' },
    },
    status: { forge: { repositoryID: id, host: 'forge.example' } },
  } as unknown as Repository;
}

type Tale = readonly (readonly [hoursAgo: number, event: DomainEvent])[];

const filed = { uid: 'uid', generation: 1 };
const LIVE = { environment: 'production', deployment: 'd', url: null };
const done: DomainEvent = { type: 'ISSUE_DONE', data: { message: 'Done.' } };
const live = (revision: string): DomainEvent => ({ type: 'DEPLOYED_PRODUCTION', data: { ...LIVE, revision } });

/** A change of a tier that an Agent made, and that was merged in a repository so many hours ago; `since` is what became of it. */
async function merged(
  id: number,
  tier: 'T0' | 'T1',
  { hoursAgo = 0, since = () => [] }: { hoursAgo?: number; since?: (mergeSHA: string) => Tale } = {},
) {
  number += 1;
  const mergeSHA = number.toString(16).padStart(40, '0');
  const wish = { ...filed, uid: `uid-issue-${number}`, spec: { ...spec, number } };
  const { subject } = await ensureSubject(world.pool, {
    ...{ kind: 'Issue', namespace: 'team', name: `shop-${number}`, uid: wish.uid },
    forge: { host: 'forge.example', repoId: id, number },
  });
  const agent = { name: 'dev-e', uid: 'agent-a' };
  const claim = { claim: randomUUID(), attempt: 1, fence: '1.1', branch: 'b' };
  const tale: Tale = [
    [hoursAgo, { type: 'ISSUE_FILED', data: wish }],
    [hoursAgo, { type: 'ISSUE_CLASSIFIED', data: { tier, taskClass: 'bugfix', reason: 'So.', generation: 1 } }],
    [hoursAgo, { type: 'ISSUE_ASSIGNED', data: { ...claim, agent } }],
    [hoursAgo, { type: 'HEAD_FORWARDED', data: { branch: 'b', from: null, to: HEAD, fence: '1.1', attempt: 1 } }],
    [hoursAgo, { type: 'MERGED', data: { number, headSHA: HEAD, mergeSHA, by: null } }],
    ...since(mergeSHA),
  ];
  await world.log.append(subject, cause, () => tale.map(([, event]) => event));
  for (const [index, [ago]] of tale.entries())
    await world.pool.query('UPDATE events SET at = $3 WHERE stream = $1 AND version = $2', [
      subject.id,
      index + 1,
      new Date(Date.now() - ago * HOUR),
    ]);
  return { subject, mergeSHA, wish };
}

/** Looks as the conductor does every minute. `before` is what Prometheus answers about the moment of the merge. */
async function look(
  id: number,
  {
    facts = spent,
    before: earlier = 1_000,
    settle = 86_400_000,
  }: { facts?: SloFacts; before?: number | null; settle?: number } = {},
): Promise<number[]> {
  const moments: number[] = [];
  const ask: Ask = async ({ query, at }) => {
    moments.push(at);
    if (earlier === null) return { known: false, problem: 'Unreachable', message: 'Prometheus cannot be reached.' };
    return value(query.startsWith('good') ? earlier : 1_000);
  };
  await new LedgerProjection(world.pool, store).catchUp();
  const conductor = {
    objects: { repositories: { list: () => [repository(id)] } },
    log: world.log,
    trust: () => ({ ...defaultLedgerPolicy, settle }),
    now: Date.now,
  } as never;
  const production = { of: () => known(facts, Date.now()) };
  await new Depletions({ conductor, store, production, ask, logger: silentLogger }).lookAll();
  return moments;
}

const told = async (stream: string) =>
  (await eventsOf(world.pool, stream)).flatMap((event) => (event.type === 'SLO_BUDGET_DEPLETED' ? [event.data] : []));

test('a budget that is used up since the merge is told once in the log of the change, however often it is looked at', async () => {
  const { subject, mergeSHA } = await merged(1, 'T1');
  const moments = await look(1);
  await look(1);
  const message = 'The error budget availability was used up before the change had settled.';
  assert.deepEqual(await told(subject.id), [{ mergeSHA, budget: 'availability', message }]);
  const [{ at } = { at: 0 }] = (await eventsOf(world.pool, subject.id)).filter(({ type }) => type === 'MERGED');
  assert.deepEqual([...new Set(moments.map((moment) => Math.abs(moment - at) < 1))], [true]);
});

test('a budget that was used up at the moment of the merge already is held against no change', async () => {
  const { subject } = await merged(2, 'T1');
  await look(2, { before: 900 });
  assert.deepEqual(await told(subject.id), []);
});

test('where nobody can tell what was left at the merge, the change is told of', async () => {
  const { subject } = await merged(3, 'T1');
  await look(3, { before: null });
  assert.equal((await told(subject.id)).length, 1);
});

test('a change without effect in production uses no budget up', async () => {
  const { subject } = await merged(4, 'T0');
  await look(4);
  assert.deepEqual(await told(subject.id), []);
});

test('a change that has settled, one of another repository, and a budget with something left are told of nothing', async () => {
  const settled = await merged(5, 'T1', {
    since: (revision) => [
      [0, live(revision)],
      [0, done],
    ],
  });
  await look(5, { settle: 0 });
  await look(6);
  await look(5, { facts: left });
  assert.deepEqual(await told(settled.subject.id), []);
  assert.deepEqual(await look(5, { settle: 0 }), [], 'nothing is asked about it');
  await look(5);
  assert.equal((await told(settled.subject.id)).length, 1);
});

const failed = { job: 'j', url: 'u', message: 'It broke.', infrastructure: false };

test('a change is watched until it has settled by the ledger’s own rule: from when it is live and was last disturbed, and before that as well', async () => {
  const cases: [string, boolean, (revision: string) => Tale][] = [
    ['not live yet', true, () => []],
    ['live, and its checks have not ended', true, (revision) => [[29, live(revision)]]],
    [
      'live for an hour',
      true,
      (revision) => [
        [1, live(revision)],
        [1, done],
      ],
    ],
    [
      'live for 23 hours',
      true,
      (revision) => [
        [23, live(revision)],
        [1, done],
      ],
    ],
    [
      'live for 25 hours',
      false,
      (revision) => [
        [25, live(revision)],
        [1, done],
      ],
    ],
    ['nothing is deployed', false, () => [[30, done]]],
    [
      'disturbed an hour ago',
      true,
      (revision) => [
        [29, live(revision)],
        [1, { type: 'SMOKE_FAILED', data: { ...failed, revision } }],
        [1, done],
      ],
    ],
  ];
  for (const [index, [what, watched, since]] of cases.entries()) {
    const { subject } = await merged(100 + index, 'T1', { hoursAgo: 30, since });
    await look(100 + index);
    assert.equal((await told(subject.id)).length, watched ? 1 : 0, what);
  }
});

test('a change that is live goes on being watched where a person asks for more of its issue', async () => {
  const since = (revision: string): Tale => [
    [1, live(revision)],
    [1, done],
  ];
  const { subject, mergeSHA, wish } = await merged(7, 'T1', { since });
  await world.log.append(subject, cause, () => [{ type: 'ISSUE_REOPENED', data: { ...wish, generation: 2 } }]);
  await look(7);
  await look(7);
  assert.deepEqual(
    (await told(subject.id)).map((data) => data.mergeSHA),
    [mergeSHA],
  );
});

test('a change that never went live is not asked about any more once the work on another one has begun', async () => {
  const { subject, wish } = await merged(8, 'T1', { hoursAgo: 30 });
  const agent = { name: 'dev-e', uid: 'agent-a' };
  await world.log.append(subject, cause, (state) => [
    {
      type: 'ISSUE_UNASSIGNED',
      data: { claim: state.work!.id, attempt: 1, reason: 'Merged', message: 'It is merged.' },
    },
    { type: 'ISSUE_REOPENED', data: { ...wish, generation: 2, reason: 'CheckFailed', message: 'It broke.' } },
    { type: 'ISSUE_ASSIGNED', data: { claim: randomUUID(), agent, attempt: 2, fence: '1.2', branch: 'c' } },
  ]);
  assert.deepEqual(await look(8), []);
});

test('what has not settled is found by an index, however much has', async () => {
  await world.pool.query(
    `WITH old AS (
       INSERT INTO subjects (id, kind, namespace, name, uid, forge_host, forge_repo_id, number)
       SELECT gen_random_uuid(), 'Issue', 'team', 'old-' || n, 'old-' || n, 'forge.example', 50, n FROM generate_series(1, 5000) n RETURNING id)
     INSERT INTO ledger_changes (stream, ordinal, agent_uid, task_class, record, quiet_since)
     SELECT id, 1, 'agent-z', 'bugfix', '{}', now() - interval '30 days' FROM old`,
  );
  await world.pool.query('ANALYZE ledger_changes, subjects');
  const { rows } = await world.pool.query(`EXPLAIN ${UNSETTLED}`, ['forge.example', 50, new Date()]);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  assert.match(plan, /ledger_changes_quiet/);
  assert.doesNotMatch(plan, /Seq Scan/);
});

test('changes of before are dated by the migration as the ledger dates them', async () => {
  const dated = async () =>
    (await world.pool.query('SELECT stream, ordinal, quiet_since FROM ledger_changes ORDER BY stream')).rows;
  await world.pool.query("DELETE FROM ledger_changes WHERE agent_uid = 'agent-z'");
  const { subject } = await merged(9, 'T1', {
    since: (revision) => [
      [1, live(revision)],
      [1, done],
    ],
  });
  await new LedgerProjection(world.pool, store).catchUp();
  const before = await dated();
  assert.ok(before.some(({ stream, quiet_since: since }) => stream === subject.id && since !== null));
  const sql = readFileSync(join(import.meta.dirname, '..', 'store', 'migrations', MIGRATION), 'utf8');
  await world.pool.query('UPDATE ledger_changes SET quiet_since = NULL');
  await world.pool.query(/^UPDATE [^;]+;$/m.exec(sql)![0]);
  assert.deepEqual(await dated(), before);
});
