import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Repository } from '#crds';
import { defaultLedgerPolicy, known, type Sample, type SloFacts } from '#domain';
import { ensureSubject } from '#lib/events';
import { silentLogger } from '#lib/observe';
import { fileLife } from '../api/conductor.int-kit.ts';
import { cause, eventsOf, type LogWorld, openLog, spec } from '../store/store.int-kit.ts';
import { Depletions } from './depletion.ts';
import type { Ask } from './prometheus.ts';

const WINDOW = 30 * 86_400_000;
const HEAD = 'a'.repeat(40);
let world: LogWorld;
let number = 0;

before(async () => {
  world = await openLog(fileLife as never);
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

/** A change of a tier that was merged in a repository this moment. */
async function merged(id: number, tier: 'T0' | 'T1') {
  number += 1;
  const mergeSHA = number.toString(16).padStart(40, '0');
  const ref = { kind: 'Issue', namespace: 'team', name: `shop-${number}`, uid: `uid-issue-${number}` } as const;
  const { subject } = await ensureSubject(world.pool, {
    ...ref,
    forge: { host: 'forge.example', repoId: id, number },
  });
  await world.log.append(subject, cause, () => [
    { type: 'ISSUE_FILED', data: { uid: ref.uid, generation: 1, spec: { ...spec, number } } },
    { type: 'ISSUE_CLASSIFIED', data: { tier, taskClass: 'bugfix', reason: 'So.', generation: 1 } },
    { type: 'MERGED', data: { number, headSHA: HEAD, mergeSHA, by: null } },
  ]);
  return { subject, mergeSHA };
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
  const conductor = {
    objects: { repositories: { list: () => [repository(id)] } },
    log: world.log,
    trust: () => ({ ...defaultLedgerPolicy, settle }),
    now: Date.now,
  } as never;
  const production = { of: () => known(facts, Date.now()) };
  await new Depletions({ conductor, production, ask, logger: silentLogger }).lookAll();
  return moments;
}

const told = async (stream: string) =>
  (await eventsOf(world.pool, stream)).filter(({ type }) => type === 'SLO_BUDGET_DEPLETED').map(({ data }) => data);

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
  const settled = await merged(5, 'T1');
  await look(5, { settle: 0 });
  await look(6);
  await look(5, { facts: left });
  assert.deepEqual(await told(settled.subject.id), []);
});
