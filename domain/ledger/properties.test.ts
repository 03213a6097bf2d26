import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StoredEvent, Tier } from '../events/catalogue.ts';
import { agentSubject, asTold, type Deed, deed, issueSubject, type Said, storyOf, wordsOf } from '../testing/ledger.ts';
import { naiveLedger } from '../testing/naive-ledger.ts';
import { isWithin } from './dispatch.ts';
import { Ledger, type LedgerSubject } from './ledger.ts';
import { ceilings, defaultLedgerPolicy, type LedgerPolicy, unreachable } from './policy.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-03-02T00:00:00Z');
const AGENTS = ['agent-a', 'agent-b'];
const CLASSES = ['docs', 'bugfix'];
const MODELS = ['model-1', 'model-2'];
const TIERS = ['T0', 'T0', 'T0', 'T1', 'T1', 'T2', 'T3'] as const satisfies Tier[];

const oneIn = (times: number) => fc.nat(times - 1).map((roll) => roll === 0);

/** Short ladders: what takes months under the shipped policy happens within a few dozen issues. */
const policies: fc.Arbitrary<LedgerPolicy> = fc
  .record({
    streak: fc.integer({ min: 1, max: 3 }),
    settle: fc.constantFrom(0, HOUR, DAY),
    maxPerDay: fc.integer({ min: 1, max: 3 }),
    cooldown: fc.constantFrom(DAY, 5 * DAY),
    resetOnModelChange: oneIn(4).map((off) => !off),
    bare: fc.boolean(),
  })
  .map(({ bare, ...over }) => ({
    ...defaultLedgerPolicy,
    ...over,
    tiersOf: (taskClass) => new Set<Tier>(bare && taskClass === 'bugfix' ? ['T1', 'T2'] : ['T0', 'T1', 'T2']),
  }));

const moment = fc.integer({ min: 0, max: 60 * 6 }).map((step) => START + step * (DAY / 6));

const deeds: fc.Arbitrary<Deed[]> = fc
  .array(
    fc.record({
      agent: fc.constantFrom('agent-a', 'agent-a', 'agent-b'),
      taskClass: fc.constantFrom('docs', 'docs', 'bugfix'),
      tier: fc.constantFrom(...TIERS),
      models: fc.constantFrom(
        ...Array.from({ length: 12 }, () => ['model-1']),
        ...[['model-2'], ['model-2'], ['model-1', 'model-2'], ['unknown'], []],
      ),
      byAgent: oneIn(12),
      parent: fc.constantFrom(null, null, null, 'parent-1', 'parent-2'),
      byPerson: fc.boolean(),
      rework: fc.constantFrom(...Array.from({ length: 10 }, () => 'none' as const), 'push', 'review', 'between'),
      depleted: fc.constantFrom(...Array.from({ length: 60 }, () => null), 0, HOUR, DAY),
      substance: fc.constantFrom(
        ...Array.from({ length: 9 }, () => 'written' as const),
        ...(['generated', 'empty', 'inverse'] as const),
      ),
      mergedAt: moment,
      live: fc.constantFrom('none', 'none', 0, HOUR, DAY),
      back: fc.option(
        fc.record({ after: fc.integer({ min: 0, max: 48 }), cause: fc.constantFrom('revert', 'fault') }),
        { freq: 10 },
      ),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((all) =>
    all.map(({ back, ...over }, index) =>
      deed({
        ...over,
        issue: index + 1,
        rollback:
          back === null || index % 3 > 0 ? null : { at: over.mergedAt + back.after * 6 * HOUR, cause: back.cause },
      } as Deed),
    ),
  );

const words: fc.Arbitrary<Said[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('ack' as const),
      agent: fc.constantFrom(...AGENTS),
      model: fc.constantFrom(...MODELS),
      at: moment,
    }),
    fc.record({
      do: fc.constant('grant' as const),
      agent: fc.constantFrom(...AGENTS),
      model: fc.constantFrom(...MODELS),
      taskClass: fc.constantFrom(...CLASSES),
      tier: fc.constantFrom('T1' as const, 'T2' as const),
      at: moment,
    }),
  ),
  { maxLength: 3 },
);

type Told = readonly [LedgerSubject, StoredEvent];

const streamsOf = (all: readonly Deed[], said: readonly Said[]): Told[][] => [
  ...all.map((one) => storyOf(one).map((event): Told => [issueSubject(one), event])),
  ...AGENTS.map((agent) => wordsOf(agent, said).map((event): Told => [agentSubject(agent), event])),
];

function ledgerOf(streams: readonly (readonly Told[])[]): Ledger {
  const ledger = new Ledger(asTold);
  for (const [subject, event] of streams.flat()) ledger.apply(subject, event);
  return ledger;
}

/** Events of different streams in another order, and of each stream in its own. */
function mixed(streams: readonly (readonly Told[])[], dice: readonly number[]): Told[] {
  const left = streams.map((stream) => [...stream]).filter(({ length }) => length > 0);
  const out: Told[] = [];
  for (let turn = 0; left.length > 0; turn += 1) {
    const at = (dice[turn % dice.length]! + turn * 7) % left.length;
    out.push(left[at]!.shift()!);
    if (left[at]!.length === 0) left.splice(at, 1);
  }
  return out;
}

const END = START + 90 * DAY;
const runs = { numRuns: 10_000 };

test('10,000 random histories end where the naive ledger says, at any moment', () => {
  let promoted = 0;
  fc.assert(
    fc.property(deeds, words, policies, moment, (all, said, policy, early) => {
      const ledger = ledgerOf(streamsOf(all, said));
      for (const now of [early, END])
        for (const { agentUid, taskClass, model, standing } of ledger.rows(policy, now)) {
          const naive = naiveLedger(all, said, { agent: agentUid, taskClass, model }, policy, now);
          const { ceiling, streak } = standing;
          assert.deepEqual({ ceiling, streak }, { ceiling: naive.ceiling, streak: naive.streak });
          promoted += naive.promotions;
        }
    }),
    runs,
  );
  // A comparison of ladders that nobody climbs would prove nothing.
  assert.ok(promoted > 3_000, `${promoted} promotions were compared`);
});

test('no history makes a ceiling of T3, and none lets T3 within a ceiling', () => {
  fc.assert(
    fc.property(deeds, words, policies, (all, said, policy) => {
      for (const { standing } of ledgerOf(streamsOf(all, said)).rows({ ...policy, streak: 1 }, END)) {
        assert.ok((ceilings as readonly string[]).includes(standing.ceiling));
        assert.ok(standing.moves.every(({ to }) => (ceilings as readonly string[]).includes(to)));
        assert.equal(isWithin('T3', standing.ceiling), false);
      }
    }),
    runs,
  );
});

test('no promotion and no rollback moves a ceiling by two steps, and only a person’s grant skips one', () => {
  const rank = (tier: string) => (ceilings as readonly string[]).indexOf(tier);
  fc.assert(
    fc.property(deeds, words, policies, (all, said, policy) => {
      for (const { standing } of ledgerOf(streamsOf(all, said)).rows({ ...policy, streak: 1 }, END)) {
        let at = 'T0';
        for (const { from, to, cause } of standing.moves) {
          assert.equal(from, at);
          if (cause === 'promoted') assert.equal(rank(to) - rank(from), 1);
          if (cause === 'rolledBack') assert.equal(rank(to) - rank(from), -1);
          at = to;
        }
        assert.equal(standing.ceiling, at);
      }
    }),
    runs,
  );
});

test('the order in which streams become known changes nothing, and neither does an event that comes twice', () => {
  fc.assert(
    fc.property(
      deeds,
      words,
      policies,
      fc.array(fc.nat(1_000), { minLength: 5, maxLength: 20 }),
      (all, said, policy, dice) => {
        const streams = streamsOf(all, said);
        const told = mixed(streams, dice);
        const other = ledgerOf([told.flatMap((one) => [one, one])]);
        assert.deepEqual(other.rows(policy, END), ledgerOf(streams).rows(policy, END));
      },
    ),
    runs,
  );
});

/** `count` good issues of one class, `every` ms apart from the start on. */
const row = (count: number, every: number, over: Partial<Deed> = {}, from = START, first = 1): Deed[] =>
  Array.from({ length: count }, (_, index) => deed({ issue: first + index, mergedAt: from + index * every, ...over }));

const standing = (
  all: readonly Deed[],
  now = END,
  policy: LedgerPolicy = defaultLedgerPolicy,
  said: readonly Said[] = [],
) => ledgerOf(streamsOf(all, said)).rows(policy, now);

test('each farming attempt earns nothing: empty, generated, agent-filed, split, and many on one day', () => {
  const attempts: [string, Deed[]][] = [
    ['white space alone', row(200, 9 * HOUR, { substance: 'empty' })],
    ['the inverse of what others made', row(200, 9 * HOUR, { substance: 'inverse' })],
    ['changes that used up the error budget', row(200, 9 * HOUR, { depleted: HOUR })],
    ['a model that nobody named', row(200, 9 * HOUR, { models: ['unknown'] })],
    ['lock files alone', row(200, 9 * HOUR, { substance: 'generated' })],
    ['issues that an agent filed', row(200, 9 * HOUR, { byAgent: true })],
    ['one issue split into many', row(200, 9 * HOUR, { parent: 'whole' })],
    [
      'a hundred on each of six days',
      Array.from({ length: 6 }, (_, day) => row(100, 60_000, {}, START + day * DAY, 1 + day * 100)).flat(),
    ],
    ['several models for one task', row(200, 9 * HOUR, { models: ['model-1', 'model-2'] })],
    ['no model that is known', row(200, 9 * HOUR, { models: [] })],
    ['work that people mended', row(200, 9 * HOUR, { rework: 'push' })],
    ['work that people mended between two attempts', row(200, 9 * HOUR, { rework: 'between' })],
    ['work that people sent back', row(200, 9 * HOUR, { rework: 'review' })],
    ['work of a tier it was never asked for', row(200, 9 * HOUR, { tier: 'T2' })],
  ];
  for (const [what, all] of attempts)
    assert.ok(
      standing(all).every((one) => one.standing.ceiling === 'T0'),
      what,
    );
  assert.equal(standing(row(20, 9 * HOUR))[0]!.standing.ceiling, 'T1', 'honest work does');
});

test('after a rollback the next promotion is exactly 30 days away, to the millisecond', () => {
  const policy = { ...defaultLedgerPolicy, streak: 2, settle: 0, maxPerDay: 10 };
  const back = START + 5 * DAY + 1_234;
  const bad = deed({ issue: 1, mergedAt: START, rollback: { at: back, cause: 'revert' } });
  const until = back + 720 * HOUR;
  const tried = (last: number) => {
    const all = [bad, deed({ issue: 2, mergedAt: START + 20 * DAY }), deed({ issue: 3, mergedAt: last })];
    return standing(all, last, policy)[0]!.standing;
  };
  assert.deepEqual([tried(until - 1).ceiling, tried(until - 1).cooldownUntil], ['T0', until]);
  assert.deepEqual([tried(until).ceiling, tried(until).cooldownUntil], ['T1', null]);
});

test('what a new model earned before it was acknowledged counts, and the first success behind that lifts its ceiling', () => {
  const first = deed({ issue: 100, mergedAt: START - DAY });
  const all = [first, ...row(22, 9 * HOUR, { models: ['model-2'] })];
  const lifted = (acked: number) => {
    const said: Said[] = [{ do: 'ack', agent: 'agent-a', model: 'model-2', at: acked }];
    const line = standing(all, END, defaultLedgerPolicy, said).find(({ model }) => model === 'model-2');
    return line!.standing.moves.map(({ at, to }) => [to, (at - START - DAY) / (9 * HOUR)]);
  };
  const settled = (nth: number) => START + nth * 9 * HOUR + DAY;
  assert.deepEqual(lifted(START), [['T1', 19]], 'the twentieth success is enough where it was acknowledged before');
  assert.deepEqual(lifted(settled(20) - 1), [['T1', 20]], 'the next one where it was acknowledged later');
  assert.deepEqual(lifted(settled(21) + 1), [], 'and nothing where no success follows');
});

test('a success that a rollback takes back within 30 days takes the promotion with it, and a day later it does not', () => {
  const policy = { ...defaultLedgerPolicy, streak: 3, settle: 0 };
  const after = (days: number) => {
    const [first, ...others] = row(3, DAY);
    const back = { at: START + days * DAY, cause: 'revert' as const };
    return standing([{ ...first!, rollback: back }, ...others], END, policy)[0]!.standing.moves.map(
      ({ to, cause }) => `${cause} ${to}`,
    );
  };
  assert.deepEqual(after(30), []);
  assert.deepEqual(after(31), ['promoted T1', 'rolledBack T0']);
});

test('a class reaches T1 whatever tiers the policy finds work of it at, except where it is unreachable', () => {
  const sets: Tier[][] = [
    ['T0'],
    ['T0', 'T1'],
    ['T1'],
    ['T1', 'T2'],
    ['T0', 'T1', 'T2'],
    ['T0', 'T2'],
    ['T2'],
    ['T2', 'T3'],
  ];
  for (const tiers of sets) {
    const policy = { ...defaultLedgerPolicy, tiersOf: () => new Set(tiers) };
    const all = row(40, 9 * HOUR, { tier: tiers[0]!, byPerson: tiers[0] !== 'T0' });
    const reached = standing(all, END, policy)[0]!.standing.moves.some(({ to }) => to === 'T1');
    assert.equal(reached, !unreachable(new Set(tiers)).includes('T0'), tiers.join());
  }
  assert.deepEqual([...unreachable(new Set<Tier>(['T0', 'T2']))], []);
  assert.deepEqual([...unreachable(new Set<Tier>(['T2', 'T3']))], ['T0']);
});
