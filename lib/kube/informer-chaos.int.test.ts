import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Fault, type FaultProxy, startFaultProxy } from '../../test/kit/fault-proxy.ts';
import { WIDGETS, type Widget } from './client.contract.ts';
import { KubeClient } from './client.ts';
import { createInformer } from './informer.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { until, widgetCluster } from './widgets.int-kit.ts';

const NAMES = Array.from({ length: 20 }, (_, n) => `w-${n}`);
const STEPS = 300;

/** Numbers of [0, 1) that depend on nothing but the seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LIST = /^GET .*widgets\?(?!.*watch=true)/;
const WATCH = /^GET .*widgets\?.*watch=true/;
const faults: ((proxy: FaultProxy) => void)[] = [
  (proxy) => proxy.resetAll(),
  ...(
    [
      { match: WATCH, status: 410, reason: 'Expired' },
      { match: WATCH, status: 410, reason: 'Expired', inStream: true },
      { match: WATCH, status: 500 },
      { match: LIST, status: 500 },
      { match: LIST, reset: true },
    ] satisfies Fault[]
  ).map((fault) => (proxy: FaultProxy) => {
    proxy.inject(fault);
    proxy.resetAll();
  }),
];

/** Makes, changes and deletes objects of a few names, so that most are somebody's successor. */
async function churn(client: KubeClient, namespace: string, random: () => number, breakSomething: () => Promise<void>) {
  const alive = new Set<string>();
  for (let step = 0; step < STEPS; step++) {
    const name = NAMES[Math.floor(random() * NAMES.length)]!;
    if (!alive.has(name)) {
      await client.create(WIDGETS, { metadata: { namespace, name } });
      alive.add(name);
    } else if (random() < 0.5) {
      await client.delete(WIDGETS, { namespace, name });
      alive.delete(name);
    } else {
      await client.patch(WIDGETS, { namespace, name }, { spec: { size: step } });
    }
    if (step % 20 === 10) await breakSomething();
  }
}

/** What a subscriber believes, and the first thing it was told that does not follow from what it was told before. */
function believer() {
  const believed = new Map<string, Widget>();
  const wrong: string[] = [];
  const expect = (holds: boolean, what: string, { metadata }: Widget) => {
    if (!holds) wrong.push(`${what} ${metadata.name} ${metadata.uid}`);
  };
  const known = ({ metadata }: Widget) => believed.get(metadata.name!)?.metadata.uid === metadata.uid;
  const keep = (object: Widget) => void believed.set(object.metadata.name!, object);
  return {
    believed,
    wrong,
    handler: {
      add: (object: Widget) => {
        expect(!believed.has(object.metadata.name!), 'add', object);
        keep(object);
      },
      update: (object: Widget) => {
        expect(known(object), 'update', object);
        keep(object);
      },
      delete: (object: Widget) => {
        expect(known(object), 'delete', object);
        believed.delete(object.metadata.name!);
      },
    },
  };
}

async function chaos(t: TestContext, seed: number): Promise<void> {
  const { cluster, client: direct, namespace } = await widgetCluster(t);
  const proxy = await startFaultProxy(cluster.kubeconfigPath);
  const client = new KubeClient(loadKubeConfig({ path: proxy.kubeconfigPath }));
  const informer = createInformer(client, WIDGETS, { namespace, backoff: { baseMs: 20, maxMs: 500 } });
  const { believed, wrong, handler } = believer();
  informer.subscribe(handler);
  const stop = new AbortController();
  const run = informer.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
    await client.close();
    await proxy.close();
  });
  const random = seeded(seed);
  await informer.waitForSync();
  let broken = 0;
  await churn(direct, namespace, random, async () => {
    // A watch that is counted but not yet connected would not notice a reset, and then live its 40 s.
    const open = () => informer.state().watches > broken && proxy.flowing() > 0;
    await until('the watch is open again', open, 30_000);
    broken = informer.state().watches;
    faults[Math.floor(random() * faults.length)]!(proxy);
  });
  proxy.clearFaults();
  const last = await direct.create(WIDGETS, { metadata: { namespace, name: 'last' } });
  await until('the last object arrives', () => informer.get(namespace, 'last') !== undefined, 60_000);
  const versions = (objects: Iterable<Widget>) =>
    [...objects].map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();
  const { items } = await direct.list<Widget>(WIDGETS, { namespace });
  assert.ok(items.some(({ metadata }) => metadata.uid === last.metadata.uid));
  assert.deepEqual(versions(informer.list(namespace)), versions(items));
  assert.deepEqual(versions(believed.values()), versions(items));
  assert.deepEqual(wrong, []);
  assert.ok(informer.state().watches > 10 && informer.state().lists > 2, JSON.stringify(informer.state()));
}

test('through resets, 410, 500 and broken lists, while objects go and come again under their names, the cache ends as the server has it and nothing told contradicts itself', async (t) => {
  const seed = Number(process.env.RIG_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}: repeat with RIG_TEST_SEED=${seed}`);
  await chaos(t, seed);
});
