import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import type { Sample } from '#domain';
import { Production } from './production.ts';
import type { Ask, Question } from './prometheus.ts';

type Asked = Pick<Repository, 'metadata' | 'spec'>;
const slo = (over: object = {}) => ({
  kind: 'prometheus',
  prometheusURL: 'http://prometheus.example.org/base/',
  queries: [{ name: 'latency', query: 'latency', max: 1 }],
  budgets: [
    {
      name: 'availability',
      objective: 0.99,
      window: '7d',
      minRemaining: 0,
      good: 'sum(rate(good[$window]))',
      total: 'sum(rate(all[$window]) + 0 * rate(all[$window]))',
    },
  ],
  ...over,
});
const repository = (over: object = {}, uid = 'uid-1'): Asked =>
  ({ metadata: { name: 'shop', uid }, spec: { slo: slo(over), deploy: { kind: 'none' } } }) as unknown as Asked;

/** A Prometheus that answers when it is let. */
function bench() {
  let now = 1_000_000;
  const asked: Question[] = [];
  const gates: (() => void)[] = [];
  const ask: Ask = async (question) => {
    asked.push(question);
    await new Promise<void>((resolve) => gates.push(resolve));
    return { known: true, value: 1 } satisfies Sample;
  };
  const production = new Production({ ask, now: () => now });
  const answer = async () => {
    const idle = production.idle();
    let over = false;
    void idle.then(() => {
      over = true;
    });
    while (!over) {
      for (const open of gates.splice(0)) open();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    production,
    asked,
    answer,
    later: (ms: number) => {
      now += ms;
    },
    gates,
  };
}

test('production that was never asked is unknown, and whoever wanted to know is told once when it has answered', async () => {
  const { production, answer, asked } = bench();
  let told = 0;
  const look = () =>
    production.of(repository(), () => {
      told += 1;
    });
  assert.equal(look().known, false);
  await answer();
  const facts = look();
  assert.ok(facts.known);
  assert.deepEqual(
    [told, facts.observedAt, facts.value.levels.get('latency')],
    [1, 990_000, { known: true, value: 1 }],
  );
  assert.equal(asked.length, 11);
});

test('everybody who wants to know at once asks once, and within fifteen seconds nobody asks again', async () => {
  const { production, answer, asked, later } = bench();
  for (let i = 0; i < 50; i += 1) production.of(repository());
  await answer();
  later(14_999);
  production.of(repository());
  assert.equal(asked.length, 11);
  later(1);
  assert.equal(production.of(repository()).known, true);
  await answer();
  assert.equal(asked.length, 22);
});

test('at most four questions are under way at one Prometheus', () => {
  const { production, gates } = bench();
  production.of(repository());
  assert.equal(gates.length, 4);
});

test('every place of $window is filled in with a duration, in nothing but the queries of budgets', async () => {
  const { production, answer, asked } = bench();
  production.of(repository({ queries: [{ name: 'odd', query: 'up{a="$window"}', max: 1 }] }));
  await answer();
  const queries = asked.map(({ query }) => query);
  assert.ok(queries.includes('up{a="$window"}'));
  for (const window of ['5m', '30m', '1h', '6h', '7d']) {
    assert.ok(queries.includes(`sum(rate(good[${window}]))`));
    assert.ok(queries.includes(`sum(rate(all[${window}]) + 0 * rate(all[${window}]))`));
  }
});

test('all questions are about one moment', async () => {
  const { production, answer, asked, later } = bench();
  production.of(repository());
  later(3_000);
  await answer();
  assert.deepEqual([...new Set(asked.map(({ at }) => at))], [990_000]);
});

test('answers to other questions than the Repository asks by now are not taken', async () => {
  const { production, answer } = bench();
  production.of(repository());
  await answer();
  const edited = repository({ queries: [{ name: 'latency', query: 'latency', max: 2 }] });
  assert.equal(production.of(edited).known, false);
  await answer();
  assert.equal(production.of(edited).known, true);
});

test('an edit while production is being asked: the old answer does not stand for the new question', async () => {
  const { production, answer } = bench();
  production.of(repository());
  const edited = repository({ prometheusURL: 'http://other.example.org' });
  production.of(edited);
  await answer();
  assert.equal(production.of(edited).known, true);
});

test('one Repository knows nothing by the answers of another', async () => {
  const { production, answer } = bench();
  production.of(repository());
  await answer();
  assert.equal(production.of(repository({}, 'uid-2')).known, false);
});

test('a Repository that names no Prometheus is asked about nothing', () => {
  const { production, asked } = bench();
  const none = { metadata: { name: 'shop', uid: 'u' }, spec: { slo: { kind: 'none' } } } as unknown as Asked;
  assert.equal(production.of(none).known, false);
  assert.equal(asked.length, 0);
});

test('once it is closed production is asked no more, and what was under way is not kept', async () => {
  const { production, answer, asked } = bench();
  production.of(repository());
  production.close();
  await answer();
  assert.equal(production.of(repository()).known, false);
  assert.ok(asked.length <= 11);
});
