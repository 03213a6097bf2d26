import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '#crds';
import { defaultLedgerPolicy, Ledger, type StoredEvent, type Tier } from '#domain';
import { type Deed, deed } from '../../domain/testing/ledger.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { type LedgerWorld, openLedger } from './ledger.int-kit.ts';
import { ledgerPolicyOf } from './policy.ts';

const good = (issue: number, over: Partial<Deed> = {}) => deed({ issue, mergedAt: 0, ...over });
const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type);
const revert = (issue: number) =>
  ({
    type: 'CHANGE_REVERTED',
    data: {
      mergeSHA: issue.toString(16).padStart(40, '0'),
      by: 'f'.repeat(40),
      shape: 'whole',
      lines: 3,
      ofLines: 3,
      message: 'It is taken back.',
    },
  }) as const;

async function lines({ pool }: LedgerWorld) {
  const { rows } = await pool.query(
    'SELECT agent_uid, task_class, model, ceiling, streak, cooldown_until, moves FROM ledger ORDER BY 1, 2, 3',
  );
  return rows;
}

test('three settled successes promote, a revert demotes and undoes, and each is told once in the Agent’s log', async (t) => {
  const world = await openLedger(t);
  for (const issue of [1, 2, 3]) await world.tell(good(issue));
  await world.service.settle();
  await world.service.settle();
  assert.deepEqual(typesOf(await world.told('agent-a')), ['TRUST_PROMOTED']);
  const { rows } = await world.pool.query("SELECT stream FROM ledger_issues WHERE issue = 'widgets-2'");
  await world.append(rows[0].stream, revert(2));
  await world.service.settle();
  await world.service.settle();
  assert.deepEqual(typesOf(await world.told('agent-a')), ['TRUST_PROMOTED', 'TRUST_DEMOTED']);
  const [line] = await lines(world);
  assert.deepEqual([line.ceiling, line.streak, line.moves], ['T0', 0, []], 'the promotion that hung on it never was');
  assert.ok(line.cooldown_until.getTime() > Date.now() + 29 * 86_400_000);
});

test('a success counts when its time has come, though nothing is told then', async (t) => {
  const world = await openLedger(t, { settle: 3_600_000 });
  for (const issue of [1, 2, 3]) await world.tell(good(issue));
  await world.service.settle();
  assert.deepEqual([(await lines(world))[0].streak, await world.told('agent-a')], [0, []]);
  world.ahead = 3_600_000;
  await world.service.settle();
  assert.equal((await lines(world))[0].ceiling, 'T1');
});

test('the tables hold what the rules make of the whole log, however it was taken in', async (t) => {
  const world = await openLedger(t);
  const deeds = [
    good(1),
    good(2, { models: ['model-2'] }),
    good(3, { agent: 'agent-b', taskClass: 'bugfix', tier: 'T1' }),
    good(4, { models: ['model-1', 'model-2'] }),
    good(5, { rework: 'push' }),
    good(6),
    good(7),
    good(8),
    good(9, { models: [] }),
  ];
  for (const one of deeds) {
    await world.tell(one);
    if (one.issue % 2 === 0) await world.service.settle();
  }
  await world.service.settle();
  const ledger = new Ledger();
  const { rows } = await world.pool.query(
    'SELECT s.*, e.type, e.data, e.version, e.at FROM events e JOIN subjects s ON s.id = e.stream ORDER BY random()',
  );
  const streams = Map.groupBy(rows, ({ id }) => id);
  for (const events of streams.values())
    for (const row of events.toSorted((a, b) => a.version - b.version))
      ledger.apply(row, { type: row.type, data: row.data, version: row.version, at: row.at.getTime() } as StoredEvent);
  const policy = { ...defaultLedgerPolicy, streak: 3, settle: 0, maxPerDay: 100 };
  const wanted = ledger.rows(policy, Date.now()).map(({ agentUid, taskClass, model, standing }) => ({
    agent_uid: agentUid,
    task_class: taskClass,
    model,
    ceiling: standing.ceiling,
    streak: standing.streak,
    cooldown_until: null,
    moves: standing.moves,
  }));
  assert.deepEqual(await lines(world), wanted);
  assert.equal(wanted.length, 3);
  assert.deepEqual(typesOf(await world.told('agent-a')), ['TRUST_RESET', 'TRUST_PROMOTED']);
});

test('two processes that keep one ledger tell everything once', async (t) => {
  const world = await openLedger(t);
  for (const issue of [1, 2, 3, 4]) await world.tell(good(issue));
  await Promise.all([world.service.settle(), world.service.settle(), world.service.settle()]);
  await world.service.settle();
  assert.deepEqual(typesOf(await world.told('agent-a')), ['TRUST_PROMOTED']);
  assert.deepEqual(
    (await lines(world)).map(({ ceiling, streak }) => [ceiling, streak]),
    [['T1', 0]],
  );
});

test('an Agent’s grants and a recovery move its lines', async (t) => {
  const signed = {
    clusterUID: 'c',
    namespace: 'tenant-a',
    agent: { name: 'agent-a', uid: 'agent-a' },
    nonce: 'nonce-01',
  };
  const document = { ...signed, taskClass: 'docs', model: 'model-1', tier: 'T2' } as const;
  const identity = { subject: 'ada@example.com', issuer: 'https://accounts.example.com' };
  const holds = { holds: true, identity, digest: 'd', document, signedAt: 1 } as const;
  const grants = async () => ({ version: '1', judge: () => holds });
  const world = await openLedger(t, {}, { grants });
  const stream = await world.tell(good(1));
  await world.service.settle();
  const { rows } = await world.pool.query("SELECT id FROM subjects WHERE kind = 'Agent' AND uid = 'agent-a'");
  const grant = {
    taskClass: 'docs',
    model: 'model-1',
    tier: 'T2',
    by: 'ada',
    act: 'act-1',
    note: null,
    bundle: '{}',
  } as const;
  await world.append(rows[0].id, { type: 'TRUST_GRANTED', data: grant });
  await world.service.settle();
  assert.equal((await lines(world))[0].ceiling, 'T2');
  const recovered = {
    recovery: 'recovery-1',
    fence: '2.1',
    lostSince: 'then',
    attempt: 1,
    branch: null,
    pullRequest: null,
    message: 'So.',
  };
  await world.append(stream, { type: 'RECOVERED', data: recovered });
  await world.service.settle();
  assert.equal((await lines(world))[0].ceiling, 'T0');
  assert.deepEqual(typesOf(await world.told('agent-a')), ['TRUST_GRANTED', 'TRUST_PROMOTED', 'TRUST_DEMOTED']);
});

/** The ledger runs while `use` does. */
async function running(world: LedgerWorld, use: () => Promise<void>): Promise<void> {
  const ending = new AbortController();
  world.service.start(ending.signal);
  try {
    await use();
  } finally {
    ending.abort();
    await world.service.idle();
  }
}

const agentOf = (...models: string[]) => {
  const [own, ...fallbacks] = models.map((model) => ({ provider: 'p', model }));
  return { metadata: { uid: 'agent-a' }, spec: { models: { default: own }, fallbacks } } as unknown as Agent;
};

/** What an Agent with these models is trusted with in docs; undefined where that is unknown. */
function ceiling(world: LedgerWorld, ...models: string[]) {
  const trusted = world.service.ceilings(agentOf(...models));
  return trusted.known ? (trusted.value.get('docs') ?? 'T0') : undefined;
}

test('what an Agent is trusted with is unknown before the first look, and the lowest of all its models afterwards', async (t) => {
  const world = await openLedger(t);
  for (const issue of [1, 2, 3]) await world.tell(good(issue));
  assert.equal(ceiling(world, 'model-1'), undefined);
  await running(world, async () => {
    await until('the ledger is read', () => ceiling(world, 'model-1') === 'T1');
    assert.deepEqual([ceiling(world, 'model-1', 'model-2'), ceiling(world, 'model-2')], ['T0', 'T0']);
  });
});

test('a name is worth what answered to it last, so that trust of one model is not another’s that answers to its name', async (t) => {
  const world = await openLedger(t);
  for (const issue of [1, 2, 3]) await world.tell(good(issue));
  const stream = await world.tell(good(4));
  const work = {
    task: 'task-4',
    kind: 'implement',
    fence: '1.1',
    agent: 'agent-a',
    provider: 'p',
    requests: 1,
  } as const;
  const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };
  const answers = (asked: string, model: string) =>
    world.append(stream, { type: 'TOKENS_USED', data: { ...work, tokens, asked, model } });
  await answers('latest', 'model-1');
  await running(world, async () => {
    await until('the ledger is read', () => ceiling(world, 'latest') === 'T1');
    assert.deepEqual(world.service.models(agentOf('latest', 'model-1')).now, ['model-1']);
    await answers('latest', 'model-9');
    await until('the answer is heard', () => ceiling(world, 'latest') === 'T0');
    assert.equal(ceiling(world, 'model-1'), 'T1');
    assert.deepEqual(world.service.models(agentOf('latest', 'model-1')).now, ['model-9', 'model-1']);
  });
});

test('what an Agent is trusted with is unknown again where the ledger cannot go on, and not what a table says that anybody wrote', async (t) => {
  const world = await openLedger(t);
  for (const issue of [1, 2, 3]) await world.tell(good(issue));
  await world.service.settle();
  await world.pool.query("UPDATE ledger SET ceiling = 'T2'");
  await running(world, async () => {
    await until('the ledger is read', () => ceiling(world, 'model-1') !== undefined);
    assert.equal(ceiling(world, 'model-1'), 'T1');
    await world.pool.query('ALTER TABLE ledger_due RENAME TO ledger_due_away');
    await until('it has stopped', () => {
      world.ahead += 31_000;
      return ceiling(world, 'model-1') === undefined;
    });
    const why = world.service.ceilings(agentOf('model-1'));
    assert.match(why.known ? '' : why.why, /has not gone on since/);
    await world.pool.query('ALTER TABLE ledger_due_away RENAME TO ledger_due');
    await until('it goes on', () => ceiling(world, 'model-1') === 'T1');
  });
});

test('a change of the rules alone holds for the past as well', async (t) => {
  const policies = ledgerPolicies(['T1', 'T2'], ['T0', 'T1', 'T2']);
  let now = 0;
  const world = await openLedger(t, {}, { policy: () => policies[now]! });
  for (const issue of [1, 2, 3]) await world.tell(good(issue, { tier: 'T1', byPerson: true }));
  await running(world, async () => {
    await until('T1 counts where no T0 is to be had', () => ceiling(world, 'model-1') === 'T1');
    now = 1;
    await until('and not where there is', () => ceiling(world, 'model-1') === 'T0');
  });
});

/** Policies of one climb each, whose rules find work of docs at these tiers. */
function ledgerPolicies(...tiers: Tier[][]) {
  return tiers.map((each) => {
    const terms = { promotion: { streak: 3, settle: '0s', maxPerDay: 100 } } as const;
    return ledgerPolicyOf({
      ...terms,
      rules: each.map((tier) => ({ name: tier, match: {}, tier, taskClass: 'docs' })),
    });
  });
}
