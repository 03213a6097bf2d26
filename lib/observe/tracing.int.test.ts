import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCollector } from '../../test/kit/otlp.ts';
import { withCorrelation } from './correlation.ts';
import { isTracing, serverAttributes, startSpan, startTracing, traced, traceparent, traceWhole } from './tracing.ts';

const STREAM = '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const ID = '0199a1b2c3d47e5f8a9b0c1d2e3f4a5b';

test('spans of a subject reach a collector as one trace under the span of the whole, without secrets', async () => {
  await using collector = await startCollector();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  const stop = await startTracing('rig-test');
  assert.ok(isTracing());
  let told: string | undefined;
  await withCorrelation(STREAM, async () => {
    await traced('outer', { kind: 'server', attributes: { url: 'https://a:b@host/x?token=1', count: 3 } }, () =>
      traced('inner', {}, async () => {
        told = traceparent();
      }),
    );
    await assert.rejects(
      traced('broken', {}, () => Promise.reject(Object.assign(new Error('no'), { code: 'Refused' }))),
    );
    startSpan('later', { startedAt: 1_000 }).end();
  });
  await traced('for nothing', {}, async () => {});
  traceWhole(STREAM, 'issue', { startedAt: 500 });
  await stop();
  assert.equal(isTracing(), false);
  const of = (name: string) => collector.spans.find((span) => span.name === name)!;
  assert.deepEqual(collector.spans.map(({ name }) => name).sort(), ['broken', 'inner', 'issue', 'later', 'outer']);
  assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set([ID]));
  assert.equal(of('issue').spanId, '8a9b0c1d2e3f4a5b');
  assert.equal(of('issue').parentSpanId, '');
  assert.equal(of('issue').startMs, 500);
  assert.equal(of('outer').parentSpanId, of('issue').spanId);
  assert.equal(of('inner').parentSpanId, of('outer').spanId);
  assert.equal(told, `00-${ID}-${of('inner').spanId}-01`);
  assert.deepEqual(of('outer').attributes, { url: 'https://[redacted]@host/x?[redacted]', count: 3 });
  assert.deepEqual([of('broken').failed, of('broken').attributes['error.type']], [true, 'Refused']);
  assert.equal(of('later').startMs, 1_000);
  assert.equal(of('outer').service, 'rig-test');
});

test('a server is told as host and port, whatever its URL leaves out', () => {
  for (const [url, host, port] of [
    ['https://api.example.org/v3', 'api.example.org', 443],
    ['http://127.0.0.1:3000', '127.0.0.1', 3000],
    ['http://u:p@[::1]/x?y', '[::1]', 80],
  ] as const)
    assert.deepEqual(serverAttributes(url), { 'server.address': host, 'server.port': port });
});

test('without an endpoint, or with the SDK disabled, nothing is traced', async () => {
  await startTracing('rig-test', {});
  await startTracing('rig-test', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' });
  assert.equal(isTracing(), false);
});

test('a collector that is away keeps nobody from ending', { timeout: 20_000 }, async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:1';
  const stop = await startTracing('rig-test');
  await withCorrelation(STREAM, () => traced('lost', {}, async () => {}));
  await stop();
  assert.equal(isTracing(), false);
});
