import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONFIG_MAPS, type KubeClient, KubeError, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { MarkKeeper } from './mark.ts';
import { farther, type Position, shortfall } from './position.ts';
import { MARK_NAME, MarkRecord } from './record.ts';

const at = (over: Partial<Position> = {}): Position => ({ system: '7', epoch: 3, fence: 40, txid: 900n, ...over });

/** One API server, one database, and as many processes as are asked for. */
function scene(first: Position = at()) {
  const client = new FakeClient(realClock);
  const state = { found: first, now: 1_000_000, recovered: 0, behind: [] as string[] };
  const record = new MarkRecord(client as unknown as KubeClient, 'rig-system');
  const begin = () =>
    new MarkKeeper({
      record,
      position: async () => state.found,
      lostSince: async (stood) => stood - 600_000,
      now: () => state.now,
      logger: silentLogger,
      onBehind: (why) => void state.behind.push(why),
      onRecovered: () => {
        state.recovered += 1;
      },
    });
  const leading = async () => {
    const keeper = begin();
    await keeper.lead(new AbortController().signal);
    return keeper;
  };
  return { client, state, record, begin, leading };
}

test('before the mark was read nothing may stand on the database', async () => {
  const { begin } = scene();
  const keeper = begin();
  assert.match(keeper.behind() ?? '', /has not been read yet/);
  await keeper.check();
  assert.equal(keeper.behind(), null);
});

test('a mark that cannot be read at the start keeps everything still and says so; later it does not', async () => {
  const { client, begin } = scene();
  client.fault = () => {
    throw new KubeError('Forbidden', 'configmaps is forbidden');
  };
  const keeper = begin();
  await keeper.check();
  assert.match(keeper.behind() ?? '', /cannot be read.*configmaps is forbidden/);
  client.fault = () => {};
  await keeper.check();
  assert.equal(keeper.behind(), null);
  client.fault = () => {
    throw new KubeError('Unavailable', 'away');
  };
  await keeper.check();
  assert.equal(keeper.behind(), null);
});

test('the leader writes the mark at once, then when it is ten seconds old; a follower never does', async () => {
  const { state, record, begin, leading } = scene();
  await begin().check();
  assert.equal(await record.read(), null);
  const leader = await leading();
  assert.equal((await record.read())?.position.fence, 40);
  state.found = at({ fence: 41 });
  state.now += 9_999;
  await leader.check();
  assert.equal((await record.read())?.position.fence, 40);
  state.now += 1;
  await leader.check();
  assert.equal((await record.read())?.position.fence, 41);
});

test('a leader that follows soon listens since the one before it did, but for the gap; after longer, or where the mark does not say, since now', async () => {
  const { client, state, record, begin } = scene();
  const lead = async () => {
    const end = new AbortController();
    const keeper = begin();
    await keeper.lead(end.signal);
    end.abort();
    return keeper.listening();
  };
  const first = state.now;
  assert.deepEqual(await lead(), { upSince: first, gaps: [] });
  state.now += 100_000;
  const gaps = [{ from: first, to: state.now }];
  assert.deepEqual(await lead(), { upSince: first, gaps });
  assert.deepEqual((await record.read())?.listening, { upSince: first, gaps });
  state.now += 120_001;
  assert.deepEqual(await lead(), { upSince: state.now, gaps: [] });
  for (const listening of ['', '[5', '[5,[[7,6]]]', '["x",[]]', '{}']) {
    state.now += 1_000;
    const map = (await client.find(CONFIG_MAPS, { namespace: 'rig-system', name: MARK_NAME })) as never as {
      data: object;
    };
    await client.replace(CONFIG_MAPS, { ...map, data: { ...map.data, listening } } as never);
    assert.deepEqual((await lead()).upSince, state.now, listening);
  }
});

test('a leader whose database is away listens to nobody, and afterwards that time is a gap, or the beginning where it was long', async () => {
  const { state, begin, leading } = scene();
  assert.equal(begin().listening().upSince, state.now, 'who does not lead knows of nothing');
  const first = state.now;
  const keeper = await leading();
  const find = state.found;
  const away = async (ms: number) => {
    state.found = null as never;
    state.now += ms;
    await keeper.check();
    const during = keeper.listening();
    assert.deepEqual(during, { upSince: state.now, gaps: [] });
    state.found = find;
    await keeper.check();
    return keeper.listening();
  };
  assert.deepEqual(await away(60_000), { upSince: first, gaps: [{ from: first, to: first + 60_000 }] });
  state.now += 30_000;
  assert.equal(keeper.listening().upSince, first);
  await keeper.check();
  assert.deepEqual(await away(120_001), { upSince: state.now, gaps: [] });
});

for (const [what, back, says] of [
  ['another PostgreSQL system', at({ system: '8' }), /PostgreSQL system 8/],
  ['a lower epoch', at({ epoch: 2 }), /epoch is 2, and 3/],
  ['a lower fence', at({ fence: 39 }), /last fence is 39, and 40/],
  ['an older end of the log', at({ txid: 899n }), /transaction 899, and 900/],
] as const)
  test(`${what} than the mark's stops a process that starts`, async () => {
    const { state, leading, begin } = scene();
    await leading();
    state.found = back;
    const next = begin();
    await next.check();
    assert.match(next.behind() ?? '', says);
    assert.match(next.behind() ?? '', /rig recover/);
  });

test('a database that was exchanged under a running process is seen though the mark is older than both', async () => {
  const { state, leading } = scene();
  const leader = await leading();
  state.found = at({ fence: 47, txid: 950n });
  await leader.check();
  state.found = at({ fence: 45, txid: 930n });
  await leader.check();
  assert.match(leader.behind() ?? '', /last fence is 45, and 47/);
  assert.deepEqual(state.behind, [leader.behind()]);
});

test('a database that has caught up with the mark by being used is still the old one, for every process', async () => {
  const { state, leading, begin } = scene();
  const leader = await leading();
  state.found = at({ txid: 850n });
  await leader.check();
  state.found = at({ txid: 2_000n });
  await leader.check();
  assert.match(leader.behind() ?? '', /transaction 850, and 900/);
  const fresh = begin();
  await fresh.check();
  assert.match(fresh.behind() ?? '', /transaction 850, and 900/);
});

test('a process that found its database behind once finds it so until it ends, though the mark could not be written', async () => {
  const { client, state, record, leading } = scene();
  const leader = await leading();
  client.fault = (verb) => {
    if (verb === 'replace') throw new KubeError('Unavailable', 'away');
  };
  state.found = at({ txid: 850n });
  await leader.check();
  state.found = at({ txid: 2_000n });
  await leader.check();
  assert.match(leader.behind() ?? '', /transaction 850, and 900/);
  client.fault = () => {};
  await leader.check();
  assert.match(leader.behind() ?? '', /transaction 850, and 900/);
  assert.match((await record.read())?.behind?.why ?? '', /transaction 850, and 900/);
  assert.equal(state.behind.length, 1);
});

test('a mark that was deleted is made again by the leader, and being behind is not forgotten with it', async () => {
  const { client, state, record, leading } = scene();
  const leader = await leading();
  await client.delete(CONFIG_MAPS, { namespace: 'rig-system', name: MARK_NAME });
  await leader.check();
  assert.equal((await record.read())?.position.fence, 40);
  await client.delete(CONFIG_MAPS, { namespace: 'rig-system', name: MARK_NAME });
  state.found = at({ fence: 1 });
  await leader.check();
  assert.match((await record.read())?.behind?.why ?? '', /last fence is 1, and 40/);
});

test('being behind is noted with the lost time, which a look after it does not move', async () => {
  const { state, record, leading } = scene();
  const leader = await leading();
  state.now += 5_000;
  await leader.check();
  state.found = at({ fence: 1 });
  state.now += 60_000;
  await leader.check();
  assert.deepEqual((await record.read())?.behind, {
    why: 'its last fence is 1, and 40 was given already.',
    since: 1_065_000,
    lostSince: 400_000,
  });
  state.now += 60_000;
  await leader.check();
  assert.equal((await record.read())?.behind?.lostSince, 400_000);
});

test('a mark that is written anew while the database is behind names when that last was not', async () => {
  const { client, state, record, leading } = scene();
  const leader = await leading();
  state.now += 8_000;
  await leader.check();
  await client.delete(CONFIG_MAPS, { namespace: 'rig-system', name: MARK_NAME });
  state.now += 60_000;
  state.found = at({ fence: 1 });
  await leader.check();
  const mark = await record.read();
  assert.deepEqual([mark?.writtenAt, mark?.behind?.lostSince], [1_008_000, 408_000]);
});

test('after a recovery every process that knew the lost time is told to end, and none writes over the new mark', async () => {
  const { state, record, leading, begin } = scene();
  const leader = await leading();
  const set = at({ epoch: 9, fence: 50, txid: 10n, system: '8' });
  await record.update((mark) => ({ ...mark!, position: set, recoveries: 1 }));
  state.now += 60_000;
  await leader.check();
  assert.equal(state.recovered, 1);
  assert.match(leader.behind() ?? '', /was recovered/);
  assert.deepEqual((await record.read())?.position, set);
  state.found = set;
  const fresh = begin();
  await fresh.check();
  assert.equal(fresh.behind(), null);
});

test('a leader that was frozen across a recovery does not raise the mark to the lost time', async () => {
  const { client, state, record, leading } = scene();
  const frozen = await leading();
  state.found = at({ fence: 99, txid: 5_000n });
  state.now += 20_000;
  const set = at({ epoch: 9, fence: 50, txid: 400n });
  let reads = 0;
  // It has read mark and database already, and writes only after the recovery.
  client.fault = (verb) => {
    if (verb !== 'get' || ++reads !== 2) return;
    client.fault = () => {};
    void record.update((mark) => ({ ...mark!, position: set, recoveries: 1 }));
  };
  await frozen.check();
  await frozen.check();
  assert.deepEqual((await record.read())?.position, set);
});

const position = fc.record({
  system: fc.constantFrom('7', '8'),
  epoch: fc.nat(5),
  fence: fc.nat(5),
  txid: fc.bigInt(0n, 5n),
});

test('a mark never goes back: what is behind a position is behind every mark made from it', () => {
  fc.assert(
    fc.property(position, position, position, (found, one, later) => {
      const both = farther(one, { ...later, system: one.system });
      assert.deepEqual(shortfall(both, one), []);
      if (shortfall(found, one).length > 0) assert.notDeepEqual(shortfall(found, both), []);
    }),
  );
});
