import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { metricCatalogue } from './metric-catalogue.ts';
import { type MetricDefinition, seriesBound } from './metric-types.ts';
import { createMetrics } from './metrics.ts';

const catalogue = Object.entries(metricCatalogue as Record<string, MetricDefinition>);

test('a metric is named rig_<noun>, a counter ends in _total, a histogram in its unit', () => {
  for (const [name, { type }] of catalogue) {
    assert.match(name, /^rig(_[a-z]+)+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.match(name, /_seconds$/, name);
  }
});

test('no metric has a label that names an object, and none can have more than 4,000 series', () => {
  const objects = ['issue', 'task', 'name', 'namespace', 'repository', 'pod', 'agent', 'path', 'url', 'user'];
  for (const [name, definition] of catalogue) {
    for (const label of Object.keys(definition.labels ?? {})) assert.ok(!objects.includes(label), `${name} ${label}`);
    for (const [label, { values, atMost }] of Object.entries(definition.labels ?? {}))
      assert.ok((values === undefined) !== (atMost === undefined), `${name} ${label} has values or a bound`);
    assert.ok(seriesBound(definition) <= 4_000, `${name}: ${seriesBound(definition)}`);
  }
});

for (const program of ['operator', 'proxy', 'egress', 'verifier'] as const) {
  test(`${program}: every metric is there before anything happened, at zero where its labels are listed, and none of others`, async () => {
    const text = await (await createMetrics(program)).text();
    for (const [name, { of, labels = {} }] of catalogue) {
      assert.equal(text.includes(`# TYPE ${name} `), of.includes(program), name);
      if (!of.includes(program)) continue;
      const listed = Object.values(labels).map(({ values }) => values?.length ?? 0);
      const zeros = [...text.matchAll(new RegExp(`^${name}(_count)?(\\{[^}]*\\})? 0$`, 'gm'))];
      assert.equal(
        zeros.length,
        listed.reduce((all, count) => all * count, 1),
        name,
      );
    }
  });
}

test('whatever values arrive, a label keeps to its bound and counts the rest as other', async () => {
  const metrics = await createMetrics('proxy');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string(), { minLength: 60, maxLength: 200 }), async (models) => {
      for (const model of models) metrics.count('rig_tokens_total', { model, type: 'input' });
      const series = (await metrics.text()).split('\n').filter((line) => line.startsWith('rig_tokens_total{'));
      assert.ok(series.length <= seriesBound(metricCatalogue.rig_tokens_total), String(series.length));
    }),
    { numRuns: 10 },
  );
  metrics.count('rig_model_calls_total', { outcome: 'a status nobody foresaw' });
  assert.match(await metrics.text(), /^rig_model_calls_total\{outcome="other"\} 1$/m);
});

test('a collector that fails leaves the scrape whole', async () => {
  const metrics = await createMetrics('operator');
  metrics.onScrape(() => Promise.reject(new Error('the database is away')));
  metrics.onScrape(() => metrics.set('rig_leader', {}, 1));
  assert.match(await metrics.text(), /^rig_leader 1$/m);
});
