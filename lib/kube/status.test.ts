import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient } from './fake-client.ts';
import { FakeClock } from './fake-clock.ts';
import { StatusProjector } from './status.ts';
import type { KubeObject, Resource } from './types.ts';

const WIDGETS: Resource = { group: 'x', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };
const ref = { namespace: 'ns', name: 'w' };

async function setUp(volatile?: string[]) {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const projector = new StatusProjector({ client, resource: WIDGETS, fieldManager: 'rig-test', volatile, clock });
  const created = await client.create(WIDGETS, { metadata: ref, spec: {} });
  const read = () => client.get(WIDGETS, ref);
  const writes = () => client.calls.filter((call) => call === 'apply widgets').length;
  return { clock, client, projector, created, read, writes };
}

test('the same projection is written once, however often it is projected', async () => {
  const { projector, created, read, writes } = await setUp();
  assert.deepEqual(await projector.project(created, { phase: 'Queued' }), { result: 'applied' });
  assert.deepEqual(await projector.project(created, { phase: 'Queued' }), { result: 'unchanged' });
  assert.deepEqual(await projector.project(await read(), { phase: 'Queued', gone: undefined }), {
    result: 'unchanged',
  });
  assert.equal(writes(), 1);
});

test('a cache that lags behind our own write does not cause another', async () => {
  const { projector, created, writes } = await setUp();
  await projector.project(created, { phase: 'A' });
  for (let n = 0; n < 5; n++) await projector.project(created, { phase: 'A' });
  assert.equal(writes(), 1);
});

test('going back to what the lagging cache still shows is written', async () => {
  const { projector, client, created } = await setUp();
  await client.patchStatus(WIDGETS, ref, { phase: 'A' });
  const stale = await client.get(WIDGETS, ref);
  await projector.project(stale, { phase: 'B' });
  assert.deepEqual(await projector.project(stale, { phase: 'A' }), { result: 'applied' });
  assert.deepEqual((await client.get(WIDGETS, ref)).status, { phase: 'A' });
  assert.ok(created);
});

test('the latest status of an object is what was written, until its cache has seen that or more', async () => {
  const { projector, client, created, read } = await setUp();
  assert.equal(projector.latest(created), created);
  await projector.project(created, { phase: 'A' });
  assert.deepEqual(projector.latest(created).status, { phase: 'A' });
  await client.patchStatus(WIDGETS, ref, { phase: 'Hacked' });
  assert.deepEqual(projector.latest(await read()).status, { phase: 'Hacked' });
});

test('after a restart an object that shows the projection is not written', async () => {
  const { clock, client, projector, created, read, writes } = await setUp();
  await projector.project(created, { phase: 'A', gates: [{ name: 'ci' }] });
  const restarted = new StatusProjector({ client, resource: WIDGETS, fieldManager: 'rig-test', clock });
  assert.deepEqual(await restarted.project(await read(), { gates: [{ name: 'ci' }], phase: 'A' }), {
    result: 'unchanged',
  });
  assert.equal(writes(), 1);
});

test('a status somebody else edited is put right', async () => {
  const { client, projector, created, read } = await setUp();
  await projector.project(created, { phase: 'A' });
  await client.patchStatus(WIDGETS, ref, { phase: 'Hacked' });
  assert.deepEqual(await projector.project(await read(), { phase: 'A' }), { result: 'applied' });
  assert.deepEqual((await read()).status, { phase: 'A' });
});

test('a field that is no longer projected is removed', async () => {
  const { projector, created, read } = await setUp();
  await projector.project(created, { phase: 'A', why: 'x' });
  await projector.project(await read(), { phase: 'A' });
  assert.deepEqual((await read()).status, { phase: 'A' });
});

test('what the schema prunes does not cause a write at every turn', async () => {
  const { client, created } = await setUp();
  let writes = 0;
  const pruning = {
    applyStatus: async <T extends KubeObject>(resource: Resource<T>, object: KubeObject) => {
      writes++;
      const { unknown: _, ...status } = object.status as Record<string, unknown>;
      return client.applyStatus<T>(resource, { ...object, status });
    },
  };
  const projector = new StatusProjector({ client: pruning, resource: WIDGETS, fieldManager: 'm' });
  for (let n = 0; n < 3; n++) {
    await projector.project(n === 0 ? created : await client.get(WIDGETS, ref), { phase: 'A', unknown: 1 });
  }
  assert.equal(writes, 1);
});

test('volatile numbers alone are written at most every 10 s, with anything else at once', async () => {
  const { clock, projector, created, read, writes } = await setUp(['costUSD', 'tokens.output']);
  const at = (costUSD: number, phase = 'A') => ({ phase, costUSD, tokens: { input: 1, output: costUSD * 10 } });
  await projector.project(created, at(1));
  await clock.advance(4000);
  assert.deepEqual(await projector.project(await read(), at(2)), { result: 'deferred', afterMs: 6000 });
  assert.deepEqual(await projector.project(created, at(2)), { result: 'deferred', afterMs: 6000 });
  await clock.advance(6000);
  assert.deepEqual(await projector.project(await read(), at(3)), { result: 'applied' });
  assert.deepEqual(await projector.project(await read(), at(4, 'B')), { result: 'applied' });
  assert.equal(writes(), 3);
});

test('projecting an object that was made again under its name is Conflict', async () => {
  const { client, projector, created } = await setUp();
  await client.delete(WIDGETS, ref);
  await client.create(WIDGETS, { metadata: ref });
  await assert.rejects(projector.project(created, { phase: 'A' }), { code: 'Conflict' });
});

test('a status is legible whoever wrote parts of it, and projecting the same text again writes nothing', async () => {
  const { projector, created, read, writes } = await setUp();
  const hostile = { phase: 'A\u001b[2J', conditions: [{ message: 'a\u202eb\u0007\nc' }] };
  await projector.project(created, hostile);
  assert.deepEqual((await read()).status, { phase: 'A[2J', conditions: [{ message: 'ab\nc' }] });
  assert.deepEqual(await projector.project(await read(), hostile), { result: 'unchanged' });
  assert.equal(writes(), 1);
});
