import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, startTracing } from '#lib/observe';
import { startCollector } from '../test/kit/otlp.ts';
import { Client, connectTo, echo, openWorld, refusal, serve, TOKEN } from './world.int-kit.ts';

const ISSUE = '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

test('a connection is a span in the trace of the Issue its task is for, and each request is counted by its outcome', async (t) => {
  await using collector = await startCollector();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  const stop = await startTracing('rig-egress');
  const metrics = await createMetrics('egress');
  const claims = { namespace: 'team', task: 'i7-implement-1-1', uid: 'u', fence: '1.7', agent: 'dev-e' };
  const world = await openWorld(t, { metrics, verify: async () => ({ ...claims, issue: ISSUE, token: TOKEN }) });
  const port = await serve(t, echo());
  world.allow = [`a.example:${port}`];
  const client = new Client(world, connectTo(`a.example:${port}`));
  await client.hears(/ 200 /);
  await refusal(world, connectTo('evil.example:443'));
  await refusal(world, connectTo('evil.example'));
  client.socket.destroy();
  await stop();
  assert.deepEqual(
    collector.spans.map(({ name, traceId, attributes }) => [name, traceId, attributes]),
    [['egress connect', ISSUE.replaceAll('-', ''), { 'server.address': 'a.example', 'server.port': port }]],
  );
  const exposition = await metrics.text();
  for (const [outcome, count] of Object.entries({ Allowed: 1, Denied: 1, BadTarget: 1 }))
    assert.match(exposition, new RegExp(`^rig_egress_requests_total\\{outcome="${outcome}"\\} ${count}$`, 'm'));
});
