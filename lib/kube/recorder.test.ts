import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from './errors.ts';
import { FakeClient } from './fake-client.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { EventRecorder } from './recorder.ts';
import { EVENTS } from './resource.ts';
import type { KubeObject } from './types.ts';

interface WrittenEvent extends KubeObject {
  type: string;
  reason: string;
  note: string;
  action: string;
  eventTime: string;
  reportingController: string;
  regarding: { uid: string };
  series?: { count: number };
}

const object = (uid = 'u1') => ({ apiVersion: 'x/v1', kind: 'Widget', metadata: { namespace: 'ns', name: 'w', uid } });
const stalled = { type: 'Warning' as const, reason: 'NoRepo', message: 'there is no repository' };

function setUp() {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const recorder = new EventRecorder({ client, controller: 'rig/test', instance: 'pod-1', clock });
  const events = async () => (await client.list(EVENTS)).items as WrittenEvent[];
  return { clock, client, recorder, events };
}

test('an event names its object, its reason and who tells it', async () => {
  const { recorder, events } = setUp();
  recorder.record(object(), stalled);
  await settle();
  const [event] = await events();
  assert.deepEqual(
    [event?.type, event?.reason, event?.note, event?.reportingController, event?.action],
    ['Warning', 'NoRepo', 'there is no repository', 'rig/test', 'Reconcile'],
  );
  assert.equal(event?.regarding.uid, 'u1');
  assert.equal(event?.eventTime, '2030-01-01T00:00:00.000000Z');
});

test('a note is cut where it has 1,024 bytes, which are fewer characters than that', async () => {
  const { recorder, events } = setUp();
  recorder.record(object(), { ...stalled, message: 'ü'.repeat(1_000) });
  await settle();
  const [event] = await events();
  assert.deepEqual([Buffer.byteLength(event!.note), event!.note.at(-1)], [1_023, '…']);
});

test('the same event again becomes a count on the first one, written at most every 10 s', async () => {
  const { clock, client, recorder, events } = setUp();
  for (let n = 0; n < 50; n++) {
    recorder.record(object(), stalled);
    await clock.advance(500);
  }
  await recorder.flush();
  const all = await events();
  assert.equal(all.length, 1);
  assert.equal(all[0]?.series?.count, 50);
  assert.ok(client.calls.filter((call) => call === 'patch events').length <= 4);
});

test('after six minutes of silence the same event is told anew', async () => {
  const { clock, recorder, events } = setUp();
  recorder.record(object(), stalled);
  await clock.advance(361_000);
  recorder.record(object(), stalled);
  await settle();
  assert.equal((await events()).length, 2);
});

test('an object that babbles is limited, the others are heard', async () => {
  const { recorder, events } = setUp();
  for (let n = 0; n < 100; n++) recorder.record(object(), { ...stalled, message: `try ${n}` });
  recorder.record(object('u2'), stalled);
  await recorder.flush();
  assert.equal((await events()).length, 21);
  assert.equal(recorder.dropped, 80);
});

test('many objects at once: a burst is told, the others in their turn, and none is dropped', async () => {
  const { clock, recorder, events } = setUp();
  for (let n = 0; n < 120; n++) recorder.record(object(`u${n}`), stalled);
  await settle();
  assert.equal((await events()).length, 20);
  await clock.advance(1_000);
  assert.equal((await events()).length, 40);
  await clock.advance(4_000);
  assert.deepEqual([(await events()).length, recorder.dropped, clock.pending], [120, 0, 0]);
});

test('a flush tells what waits for its turn, and leaves no timer behind', async () => {
  const { clock, recorder, events } = setUp();
  for (let n = 0; n < 60; n++) recorder.record(object(`u${n}`), stalled);
  await recorder.flush();
  assert.deepEqual([(await events()).length, clock.pending], [60, 0]);
});

test('an API server that refuses, and an object without a name, never throw', async () => {
  const { client, recorder, events } = setUp();
  client.fault = () => {
    throw new KubeError('Forbidden', 'no');
  };
  recorder.record(object(), stalled);
  recorder.record(null as unknown as ReturnType<typeof object>, stalled);
  await recorder.flush();
  client.fault = () => {};
  assert.deepEqual(await events(), []);
});

test('a series whose event has expired is written as a new event', async () => {
  const { clock, client, recorder, events } = setUp();
  recorder.record(object(), stalled);
  await settle();
  const [first] = (await client.list(EVENTS)).items;
  await client.delete(EVENTS, { namespace: 'ns', name: first?.metadata.name ?? '' });
  recorder.record(object(), stalled);
  await clock.advance(10_000);
  recorder.record(object(), stalled);
  await clock.advance(10_000);
  assert.equal((await events()).length, 1);
});
