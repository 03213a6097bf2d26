import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ElectorOptions, LeaderElector } from './elector.ts';
import { KubeError } from './errors.ts';
import { FakeClient } from './fake-client.ts';
import { FakeClock } from './fake-clock.ts';
import { LEASE } from './lease.ts';

const at = { namespace: 'ns', name: 'rig' };

function setUp() {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const log: string[] = [];
  const elector = (identity: string, options: Partial<ElectorOptions> = {}) =>
    new LeaderElector({
      client,
      ...at,
      identity,
      clock,
      random: () => 0.5,
      onStarted: (epoch) => log.push(`${identity} leads ${epoch}`),
      onLost: (reason, epoch) => log.push(`${identity} lost ${epoch} ${reason}`),
      ...options,
    });
  return { clock, client, log, elector };
}

test('the first elector leads in epoch 1 and keeps leading', async () => {
  const { clock, log, elector } = setUp();
  const a = elector('a');
  assert.deepEqual([a.role(), a.epoch()], ['unknown', undefined]);
  a.start();
  await clock.advance(60_000);
  assert.deepEqual(log, ['a leads 1']);
  assert.deepEqual([a.role(), a.epoch(), a.holder()], ['leader', 1, 'a']);
});

test('the holder renews about once a second, not whenever its own renewal is told back to it', async () => {
  const { clock, client, elector } = setUp();
  const watch = client.watch.bind(client);
  client.watch = (resource, options) =>
    watch(resource, { ...options, onEvent: (...event) => void clock.setTimeout(() => options.onEvent(...event), 5) });
  elector('a').start();
  await clock.advance(30_000);
  const writes = client.calls.filter((call) => call === 'replace leases').length;
  assert.ok(writes >= 28 && writes <= 31, `${writes} renewals in 30 s`);
});

test('a follower calls the API server only through its watch', async () => {
  const { clock, client, elector } = setUp();
  elector('a').start();
  await clock.advance(100);
  const b = elector('b');
  b.start();
  await clock.advance(1000);
  client.calls.length = 0;
  await clock.advance(20_000);
  const others = client.calls.filter((call) => call !== 'replace leases' && call !== 'watch leases');
  assert.deepEqual(others, []);
  assert.equal(b.role(), 'follower');
});

test('a released Lease is taken at once, in the next epoch', async () => {
  const { clock, log, elector } = setUp();
  const a = elector('a');
  a.start();
  await clock.advance(100);
  elector('b').start();
  await clock.advance(5000);
  await a.stop();
  await clock.advance(0);
  assert.deepEqual(log, ['a leads 1', 'b leads 2']);
});

test('a holder that cannot write stops believing after 4 s; another leads after 6 s, never both', async () => {
  const { clock, client, log, elector } = setUp();
  const a = elector('a');
  const b = elector('b');
  a.start();
  await clock.advance(100);
  b.start();
  await clock.advance(1000);
  const cutOff = clock.now();
  let bLeadsAt = 0;
  client.fault = (verb) => {
    if (verb === 'replace' && b.role() !== 'leader' && clock.now() < cutOff + 5500) throw new KubeError('Timeout', 'x');
  };
  for (let n = 0; n < 90; n++) {
    await clock.advance(100);
    assert.ok(a.epoch() === undefined || b.epoch() === undefined, 'both lead');
    if (bLeadsAt === 0 && b.epoch() !== undefined) bLeadsAt = clock.now() - cutOff;
  }
  assert.deepEqual(log, ['a leads 1', 'a lost 1 RenewDeadline', 'b leads 2']);
  assert.ok(bLeadsAt > 5000 && bLeadsAt <= 6500, `b led after ${bLeadsAt} ms`);
});

test('a frozen leader that wakes up knows that it no longer leads before it calls anybody', async () => {
  const { clock, elector } = setUp();
  const a = elector('a');
  a.start();
  await clock.advance(500);
  clock.setTimeout = () => () => undefined;
  clock.turn(4000);
  assert.equal(a.epoch(), undefined);
});

test('jumps of the wall clock change nothing', async () => {
  const { clock, log, elector } = setUp();
  const a = elector('a');
  a.start();
  await clock.advance(100);
  elector('b').start();
  for (const jump of [86_400_000, -172_800_000, 3_600_000]) {
    clock.jumpWall(jump);
    await clock.advance(10_000);
  }
  assert.deepEqual(log, ['a leads 1']);
});

test('a Lease taken over by force ends leadership at once', async () => {
  const { clock, client, log, elector } = setUp();
  elector('a').start();
  await clock.advance(500);
  const lease = await client.get(LEASE, at);
  await client.replace(LEASE, { ...lease, spec: { ...lease.spec, holderIdentity: 'z', leaseTransitions: 7 } });
  await clock.advance(10);
  assert.deepEqual(log, ['a leads 1', 'a lost 1 TakenOver']);
  await clock.advance(7000);
  assert.equal(log.at(-1), 'a leads 8');
});

test('an annotation on the Lease does not cost leadership', async () => {
  const { clock, client, log, elector } = setUp();
  elector('a').start();
  await clock.advance(500);
  await client.patch(LEASE, at, { metadata: { annotations: { note: 'x' } } });
  await clock.advance(10_000);
  assert.deepEqual(log, ['a leads 1']);
});

test('a deleted Lease starts a new epoch above every one that was seen', async () => {
  const { clock, client, log, elector } = setUp();
  elector('a').start();
  await clock.advance(500);
  await client.delete(LEASE, at);
  await clock.advance(3000);
  assert.deepEqual(log, ['a leads 1', 'a lost 1 LeaseDeleted', 'a leads 2']);
});

test('a process that never saw the Lease starts above the floor kept elsewhere', async () => {
  const { clock, log, elector } = setUp();
  elector('a', { epochFloor: async () => 41 }).start();
  await clock.advance(100);
  assert.deepEqual(log, ['a leads 42']);
});

test('a floor that cannot be read means nobody leads yet', async () => {
  const { clock, log, elector } = setUp();
  let readable = false;
  const epochFloor = async () => {
    if (!readable) throw new Error('database away');
    return 3;
  };
  elector('a', { epochFloor }).start();
  await clock.advance(5000);
  assert.deepEqual(log, []);
  readable = true;
  await clock.advance(2000);
  assert.deepEqual(log, ['a leads 4']);
});

test('of five electors that start together exactly one leads, and each handover has the next epoch', async () => {
  const { clock, log, elector } = setUp();
  const electors = ['a', 'b', 'c', 'd', 'e'].map((identity) => elector(identity));
  for (const one of electors) one.start();
  for (let round = 1; round <= 5; round++) {
    await clock.advance(3000);
    const leaders = electors.filter((one) => one.epoch() !== undefined);
    assert.deepEqual(
      leaders.map((one) => one.epoch()),
      [round],
    );
    await leaders[0]?.stop();
  }
  assert.equal(log.length, 5);
});

test('a stopped elector leaves no timer and no holder behind', async () => {
  const { clock, client, elector } = setUp();
  const a = elector('a');
  a.start();
  await clock.advance(500);
  await a.stop();
  assert.equal(clock.pending, 0);
  assert.equal((await client.get(LEASE, at)).spec?.holderIdentity, undefined);
});
