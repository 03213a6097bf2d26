import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from '#crds';
import { defaultLedgerPolicy, Ledger, type StoredEvent } from '#domain';
import { type Deed, deed } from '../../domain/testing/ledger.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { type LedgerWorld, openLedger } from './ledger.int-kit.ts';

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
  const world = await openLedger(t);
  const stream = await world.tell(good(1));
  await world.service.settle();
  const { rows } = await world.pool.query("SELECT id FROM subjects WHERE kind = 'Agent' AND uid = 'agent-a'");
  const grant = { taskClass: 'docs', model: 'model-1', tier: 'T2', by: 'ada', act: 'act-1', note: null } as const;
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

test('what an Agent is trusted with is unknown before the first look, and the lowest of all its models afterwards', async (t) => {
  const world = await openLedger(t);
  for (const issue of [1, 2, 3]) await world.tell(good(issue));
  const agent = (...models: string[]) => {
    const [own, ...fallbacks] = models.map((model) => ({ provider: 'p', model }));
    return { metadata: { uid: 'agent-a' }, spec: { models: { default: own }, fallbacks } } as unknown as Agent;
  };
  assert.equal(world.service.ceilings(agent('model-1')).known, false);
  const ceiling = (...models: string[]) => {
    const trusted = world.service.ceilings(agent(...models));
    return trusted.known ? trusted.value.get('docs') : undefined;
  };
  const ending = new AbortController();
  world.service.start(ending.signal);
  try {
    await until('the ledger is read', () => ceiling('model-1') === 'T1');
    assert.deepEqual([ceiling('model-1', 'model-2'), ceiling('model-2')], ['T0', 'T0']);
  } finally {
    ending.abort();
    await world.service.idle();
  }
});
