import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Repository } from '#crds';
import { decideMerge, type SloFacts } from '#domain';
import { gateInput } from '../../domain/testing/gate.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { startPrometheus, TestExporter, type TestPrometheus } from '../../test/kit/prometheus/prometheus.ts';
import { fileLife } from '../api/conductor.int-kit.ts';
import { Production } from './production.ts';
import { askPrometheus } from './prometheus.ts';
import { readSlo } from './read.ts';
import { sloWish } from './wish.ts';

let exporter: TestExporter;
let prometheus: TestPrometheus;

/** Prometheus reads the service twice a second. */
const SETTLED_MS = 1_500;

/** What the service has counted so far: counters only grow. */
const counted = { good: 0, bad: 0 };

/** The service counts, and tells of its latency. */
function tell({ good = 0, bad = 0, latency = '0.2' }: { good?: number; bad?: number; latency?: string }): void {
  counted.good += good;
  counted.bad += bad;
  exporter.text = [
    `http_requests_total{code="200"} ${counted.good}`,
    `http_requests_total{code="500"} ${counted.bad}`,
    `latency_seconds ${latency}`,
    'replicas{zone="a"} 1',
    'replicas{zone="b"} 1',
    '',
  ].join('\n');
}

before(async () => {
  exporter = await TestExporter.start();
  fileLife.after(() => exporter.close());
  tell({ good: 1_000, bad: 1 });
  prometheus = await startPrometheus(fileLife, exporter);
  await until('the service was read', async () => (await prometheus.value('latency_seconds')) !== null);
  await grow({ good: 100_000 });
});

/** The service counts on, and Prometheus has seen it. */
async function grow(more: { good?: number; bad?: number }): Promise<void> {
  tell(more);
  const query = 'sum(http_requests_total)';
  await until('it was counted', async () => (await prometheus.value(query)) === counted.good + counted.bad);
}

const budget = {
  name: 'availability',
  objective: 0.999,
  window: '30d',
  minRemaining: 0,
  good: 'sum(increase(http_requests_total{code!~"5.."}[$window]))',
  total: 'sum(increase(http_requests_total[$window]))',
};
const latency = { name: 'latency', query: 'max(latency_seconds)', max: 0.5 };

function repository(over: object = {}): Repository {
  const slo = { kind: 'prometheus', prometheusURL: prometheus.url, queries: [latency], budgets: [budget], ...over };
  return {
    metadata: { name: 'shop', uid: 'uid-1' },
    spec: { slo, deploy: { kind: 'flagger' } },
  } as unknown as Repository;
}

/** What the merge gate says of production, all asked from the beginning. */
async function slo(over: object = {}) {
  const shop = repository(over);
  const production = new Production({ ask: askPrometheus, now: Date.now, settledMs: SETTLED_MS });
  production.of(shop);
  await production.idle();
  const facts = production.of(shop);
  const question = { gates: ['slo', 'errorBudget', 'canary'] as const, wish: sloWish(shop.spec), facts };
  const { results } = decideMerge(
    gateInput({ input: { slo: question, now: Date.now(), maxAgeMs: Number.MAX_SAFE_INTEGER } }),
  );
  return results.find(({ gate }) => gate === 'slo')!;
}

/** The row of the gate once it has this reason: a change is seen when it has settled. */
async function says(reason: string, over: object = {}) {
  await until(`the gate says ${reason}`, async () => (await slo(over)).reason === reason);
  return slo(over);
}

const level = async (query: string): Promise<string> => {
  const questions = [{ of: 'level', name: 'one', query }] as const;
  const facts: SloFacts = await readSlo(askPrometheus, { url: prometheus.url, questions, at: Date.now() });
  const sample = facts.levels.get('one')!;
  return sample.known ? String(sample.value) : sample.problem;
};

test('a real Prometheus: the service keeps its level and has most of its budget, and the gate passes with the figures', async () => {
  // A machine that is busy may miss a reading, which makes a gauge be gone for that long.
  const { message } = await says('Passed');
  assert.match(message, /^latency is 0\.2\. 100 % of the error budget availability is left\.$/);
});

const answers: readonly [string, string, string][] = [
  ['a gauge', 'latency_seconds', '0.2'],
  ['a scalar', 'scalar(max(latency_seconds))', '0.2'],
  ['a metric that nobody has', 'latency_second', 'NoData'],
  ['a label that nobody has', 'latency_seconds{zone="c"}', 'NoData'],
  ['two series', 'replicas', 'SeveralSeries'],
  [
    'a series for each of a thousand labels',
    'label_replace(vector(1),"a","1","","") or replicas or http_requests_total',
    'SeveralSeries',
  ],
  ['zero by zero', 'vector(0) / vector(0)', 'NotANumber'],
  ['one by zero', 'vector(1) / vector(0)', 'NotANumber'],
  ['a query with an error in it', 'sum(', 'Refused'],
  ['a range and no number', 'latency_seconds[5m]', 'Unreadable'],
  ['a word', '"up"', 'Unreadable'],
];
for (const [title, query, wanted] of answers)
  test(`a real Prometheus is asked for ${title}: ${wanted}`, async () => assert.equal(await level(query), wanted));

test('a real Prometheus: a metric whose good events were never counted makes the budget unknown, and not held', async () => {
  const typo = { ...budget, good: 'sum(increase(http_request_total{code!~"5.."}[$window]))' };
  const { state, reason, message } = await slo({ budgets: [typo] });
  assert.deepEqual([state, reason], ['unknown', 'SloUnknown']);
  assert.match(message, /The error budget availability cannot be told: over 30d there is no data\./);
});

test('a real Prometheus: a level above its bound fails the gate, and passes again when it is below', async () => {
  tell({ latency: '0.7' });
  await until('it is slow', async () => (await prometheus.value('latency_seconds')) === 0.7);
  const { message } = await says('SloBreached');
  assert.equal(message, 'latency is 0.7, above its highest value 0.5.');
  tell({});
  await until('it is fast', async () => (await prometheus.value('latency_seconds')) === 0.2);
  await says('Passed');
});

test('a real Prometheus: a level that says NaN is not below its bound', async () => {
  tell({ latency: 'NaN' });
  await until('it is nothing', async () => Number.isNaN(await prometheus.value('latency_seconds')));
  const { state } = await says('SloUnknown');
  assert.equal(state, 'unknown');
  tell({});
  await until('it is a number', async () => (await prometheus.value('latency_seconds')) === 0.2);
});

test('a real Prometheus: errors use up the budget, and the gate says so', async () => {
  await grow({ bad: 1_000 });
  const { state, message } = await says('ErrorBudgetDepleted');
  assert.equal(state, 'fail');
  assert.match(
    message,
    /^The error budget availability has -\d[\d.]* % left of its 30d, and must have more than 0 %\.$/,
  );
});

test('a real Prometheus: a service that answers no more has no level, whatever it said last', async () => {
  exporter.text = null;
  await until('it is forgotten', async () => (await prometheus.value('latency_seconds')) === null);
  const { state, reason, message } = await slo({ budgets: undefined, queries: [latency] });
  assert.deepEqual([state, reason], ['fail', 'SloMissing'], message);
  const dark = await says('SloUnknown', { budgets: [{ ...budget, objective: 0.5 }] });
  assert.equal(dark.state, 'unknown');
  assert.match(dark.message, /The query latency gives no number: there is no data\./);
});
