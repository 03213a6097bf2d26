import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controller } from './controller.ts';
import { KubeError } from './errors.ts';
import { FakeClient } from './fake-client.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { Manager } from './manager.ts';
import { CONFIG_MAPS } from './resource.ts';

const lease = { namespace: 'ns', name: 'rig' };

function setUp() {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const log: string[] = [];
  const replica = (identity: string, work: () => Promise<void> = async () => {}) => {
    const manager = new Manager({ client, clock, random: () => 0.5, election: { ...lease, identity } });
    const reconcile = async (key: string) => {
      log.push(`${identity} reconciles ${key} in ${manager.epoch()}`);
      await work();
    };
    const controller = new Controller({ name: 'test', clock, reconcile }).watch(manager.informer(CONFIG_MAPS));
    manager.add(controller);
    manager.onStartedLeading((epoch) => void log.push(`${identity} started ${epoch}`));
    manager.onStoppedLeading((epoch) => void log.push(`${identity} stopped ${epoch}`));
    return { manager, controller };
  };
  const create = (name: string) => client.create(CONFIG_MAPS, { metadata: { namespace: 'ns', name } });
  return { clock, client, log, replica, create };
}

test('only the leader reconciles; the follower keeps its cache and takes over where it left', async () => {
  const { clock, log, replica, create } = setUp();
  const a = replica('a').manager;
  const b = replica('b').manager;
  a.start();
  await clock.advance(100);
  b.start();
  await clock.advance(100);
  await create('x');
  await clock.advance(100);
  assert.deepEqual(log, ['a started 1', 'a reconciles ns/x in 1']);
  assert.equal(b.informer(CONFIG_MAPS).size, 1);
  await a.stop();
  await clock.advance(100);
  assert.deepEqual(log.slice(2), ['a stopped 1', 'b started 2', 'b reconciles ns/x in 2']);
});

test('ready: no before caches are filled, yes for a follower, yes for a leader whose controllers run', async () => {
  const { clock, client, replica } = setUp();
  const a = replica('a').manager;
  assert.deepEqual(a.ready().waitingFor[0], 'the manager has not started');
  client.fault = (verb, plural) => {
    if (verb === 'list' && plural === 'configmaps') throw new KubeError('Forbidden', 'configmaps is forbidden');
  };
  a.start();
  await clock.advance(100);
  assert.equal(a.ready().ok, false);
  assert.match(
    a.ready().waitingFor.join(),
    /cache of ConfigMap is not filled: configmaps is forbidden.*controller test does not run/,
  );
  client.fault = () => {};
  await clock.advance(20_000);
  assert.deepEqual(a.ready(), { ok: true, waitingFor: [] });
  const b = replica('b').manager;
  b.start();
  await clock.advance(500);
  assert.deepEqual([b.ready().ok, b.epoch()], [true, undefined]);
});

test('losing the Lease aborts what runs and stops the controllers; the next term starts them again', async () => {
  const { clock, client, log, replica, create } = setUp();
  const a = replica('a');
  const terms: AbortSignal[] = [];
  a.manager.onStartedLeading((_epoch, signal) => void terms.push(signal));
  a.manager.start();
  await clock.advance(100);
  client.fault = (verb) => {
    if (verb === 'replace') throw new KubeError('Unavailable', 'x');
  };
  await clock.advance(6000);
  assert.deepEqual(
    terms.map((signal) => signal.aborted),
    [true],
  );
  assert.equal(a.controller.running, false);
  await create('x');
  client.fault = () => {};
  await clock.advance(3000);
  assert.deepEqual(log, ['a started 1', 'a stopped 1', 'a started 2', 'a reconciles ns/x in 2']);
});

test('losing the Lease aborts the signal of the term at once, even if a reconcile does not end', async () => {
  const { clock, client, replica, create } = setUp();
  const a = replica('a', () => new Promise(() => {})).manager;
  let abortedAt = 0;
  a.onStartedLeading((_epoch, signal) => {
    signal.addEventListener('abort', () => {
      abortedAt = clock.now();
    });
  });
  await create('x');
  a.start();
  await clock.advance(100);
  client.fault = (verb) => {
    if (verb === 'replace') throw new KubeError('Unavailable', 'x');
  };
  await clock.advance(20_000);
  assert.ok(abortedAt > 3000 && abortedAt < 5500, `aborted at ${abortedAt} ms`);
  client.fault = () => {};
});

test('a graceful stop lets the reconcile end before the Lease is released', async () => {
  const { clock, client, log, replica, create } = setUp();
  const gate = Promise.withResolvers<void>();
  const a = replica('a', () => gate.promise).manager;
  a.start();
  await create('x');
  await clock.advance(100);
  const stopped = a.stop();
  await settle();
  assert.equal(a.ready().ok, false);
  const holder = async () =>
    ((await client.get({ ...LEASES_LIKE }, lease)).spec as { holderIdentity?: string }).holderIdentity;
  assert.equal(await holder(), 'a');
  gate.resolve();
  await clock.advance(0);
  await stopped;
  assert.equal(await holder(), undefined);
  assert.equal(log.at(-1), 'a stopped 1');
});

const LEASES_LIKE = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };

test('no reconcile before a started-leading hook has returned; one that throws is repeated', async () => {
  const { clock, log, replica, create } = setUp();
  const a = replica('a').manager;
  let failures = 2;
  a.onStartedLeading(() => {
    if (failures-- > 0) throw new Error('database away');
    log.push('hook done');
  });
  await create('x');
  a.start();
  await clock.advance(100);
  assert.deepEqual(log, ['a started 1']);
  assert.equal(a.ready().ok, false);
  await clock.advance(2000);
  assert.deepEqual(log.slice(1), ['hook done', 'a reconciles ns/x in 1']);
});

test('a stop before the caches are filled does not hang', async () => {
  const { clock, client, replica } = setUp();
  client.fault = (_verb, plural) => {
    if (plural === 'configmaps') throw new KubeError('NotFound', 'no such kind');
  };
  const a = replica('a').manager;
  a.start();
  await clock.advance(1000);
  await a.stop();
  await a.stop();
  assert.equal(clock.pending, 0);
});

test('without election the process leads in epoch 0', async () => {
  const { clock, client } = setUp();
  const keys: string[] = [];
  const manager = new Manager({ client, clock });
  const reconcile = async (key: string) => void keys.push(key);
  manager.add(new Controller({ name: 'solo', clock, reconcile }).watch(manager.informer(CONFIG_MAPS)));
  manager.start();
  await clock.advance(10);
  await client.create(CONFIG_MAPS, { metadata: { namespace: 'ns', name: 'x' } });
  await clock.advance(10);
  assert.deepEqual([keys, manager.epoch(), manager.ready().ok], [['ns/x'], 0, true]);
  await manager.stop();
  assert.equal(manager.epoch(), undefined);
});

test('an informer asked for twice is the same, with another selector it is another', () => {
  const { replica } = setUp();
  const { manager } = replica('a');
  assert.equal(manager.informer(CONFIG_MAPS), manager.informer(CONFIG_MAPS));
  assert.notEqual(manager.informer(CONFIG_MAPS), manager.informer(CONFIG_MAPS, { labelSelector: 'a=b' }));
});
