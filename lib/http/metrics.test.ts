import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { createMetrics, type MetricsRegistry } from '#lib/observe';
import { observeRequests } from './metrics.ts';
import { HttpError, problemHandler } from './problem.ts';

const counted = async (metrics: MetricsRegistry) =>
  (await metrics.text())
    .split('\n')
    .filter((line) => line.startsWith('rig_http_request_seconds_count'))
    .sort();

test('a request is timed under its declared route, its refusal too, and unknown paths are one route', async () => {
  const metrics = await createMetrics('operator');
  const app = new Hono();
  app.use(observeRequests(metrics, () => 0));
  app.onError(problemHandler());
  app.get('/v1/tasks/:name', (context) => context.text(context.req.param('name')));
  app.get('/v1/refused', () => {
    throw new HttpError('Conflict', 'DeadFence', 'It ended.');
  });
  for (const path of ['/v1/tasks/one', '/v1/tasks/two', '/v1/refused', '/a', '/b']) await app.request(path);
  assert.deepEqual(await counted(metrics), [
    'rig_http_request_seconds_count{route="/v1/refused",method="GET",status="4xx"} 1',
    'rig_http_request_seconds_count{route="/v1/tasks/:name",method="GET",status="2xx"} 2',
    'rig_http_request_seconds_count{route="none",method="GET",status="4xx"} 2',
  ]);
});

test('methods that somebody makes up are one method, and take the place of none that is served', async () => {
  const metrics = await createMetrics('operator');
  const app = new Hono();
  app.use(observeRequests(metrics, () => 0));
  app.post('/webhooks/github', (context) => context.text('', 202));
  for (let n = 0; n < 20; n++) await app.request('/a', { method: `MADE-UP-${n}` });
  await app.request('/webhooks/github', { method: 'POST' });
  assert.deepEqual(await counted(metrics), [
    'rig_http_request_seconds_count{route="/webhooks/github",method="POST",status="2xx"} 1',
    'rig_http_request_seconds_count{route="none",method="other",status="4xx"} 20',
  ]);
});
