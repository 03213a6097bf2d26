import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type FaultProxy, startFaultProxy } from '../../test/kit/fault-proxy.ts';
import { WIDGETS, type Widget } from './client.contract.ts';
import { KubeClient } from './client.ts';
import { Controller } from './controller.ts';
import { createInformer, type Informer, type InformerOptions } from './informer.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { until, widgetCluster } from './widgets.int-kit.ts';

const LIST = /^GET .*widgets\?(?!.*watch=true)/;
const WATCH = /^GET .*widgets\?.*watch=true/;

interface SetUp {
  /** Straight to the API server. */
  direct: KubeClient;
  proxy: FaultProxy;
  informer: Informer<Widget>;
  told: string[];
  namespace: string;
  create(name: string): Promise<Widget>;
  start(): Promise<void>;
  sees(name: string): () => boolean;
}

/** An informer that reaches the API server only through a fault proxy. */
async function setUp(t: TestContext, options: InformerOptions = {}): Promise<SetUp> {
  const { cluster, client: direct, namespace } = await widgetCluster(t);
  const proxy = await startFaultProxy(cluster.kubeconfigPath);
  const client = new KubeClient(loadKubeConfig({ path: proxy.kubeconfigPath }));
  const informer = createInformer(client, WIDGETS, { namespace, ...options });
  const told: string[] = [];
  informer.subscribe({
    add: ({ metadata }) => told.push(`add ${metadata.name} ${metadata.uid}`),
    update: ({ metadata }) => told.push(`update ${metadata.name}`),
    delete: ({ metadata }) => told.push(`delete ${metadata.name} ${metadata.uid}`),
  });
  const stop = new AbortController();
  let run = Promise.resolve();
  t.after(async () => {
    stop.abort();
    await run;
    await client.close();
    await proxy.close();
  });
  return {
    direct,
    proxy,
    informer,
    told,
    namespace,
    create: (name) => direct.create(WIDGETS, { metadata: { namespace, name } }),
    start: async () => {
      run = informer.run(stop.signal);
      await informer.waitForSync();
    },
    sees: (name) => () => informer.get(namespace, name) !== undefined,
  };
}

test('a watch whose connection is reset goes on without a list and misses nothing', async (t) => {
  const { proxy, informer, told, create, start, sees } = await setUp(t);
  await start();
  for (let round = 0; round < 3; round++) {
    const { watches } = informer.state();
    await until('the watch is open', () => proxy.requests.filter((line) => WATCH.test(line)).length >= watches);
    proxy.resetAll();
    await create(`w-${round}`);
    await until('the object arrives', sees(`w-${round}`));
  }
  assert.equal(informer.state().lists, 1);
  assert.equal(told.length, 3);
});

test('500 on list and then on watch: the cache is filled all the same, and follows', async (t) => {
  const { proxy, informer, create, start, sees } = await setUp(t);
  proxy.inject({ match: LIST, status: 500, times: 8 }, { match: WATCH, status: 500, times: 3 });
  await create('a');
  await start();
  assert.ok(sees('a')());
  await create('b');
  await until('b arrives', sees('b'));
  assert.ok(informer.state().failures >= 3);
});

test('429 on list is waited for as the server asks', async (t) => {
  const { proxy, start } = await setUp(t);
  proxy.inject({ match: LIST, status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 });
  const startedAt = performance.now();
  await start();
  assert.ok(performance.now() - startedAt >= 1000);
});

for (const [title, inStream] of [
  ['410 as the answer to a watch', false],
  ['410 inside the stream of a watch', true],
] as const) {
  test(`${title}: one new list, and what was deleted meanwhile is told as deleted`, async (t) => {
    const { direct, proxy, informer, told, namespace, create, start, sees } = await setUp(t);
    const gone = await create('gone');
    await start();
    proxy.inject({ match: WATCH, status: 410, reason: 'Expired', inStream });
    await direct.delete(WIDGETS, { namespace, name: 'gone' });
    proxy.resetAll();
    await create('new');
    await until('the new object arrives', sees('new'));
    assert.equal(informer.state().lists, 2);
    assert.deepEqual(
      told.filter((line) => line.startsWith('delete')),
      [`delete gone ${gone.metadata.uid}`],
    );
  });
}

test('an object deleted and made again while disconnected is told as delete of the old, add of the new', async (t) => {
  const { direct, proxy, told, namespace, create, start } = await setUp(t);
  const old = await create('w');
  await start();
  proxy.inject({ match: WATCH, status: 500, times: 2 }, { match: WATCH, status: 410, reason: 'Gone' });
  proxy.resetAll();
  await direct.delete(WIDGETS, { namespace, name: 'w' });
  const again = await create('w');
  await until('the new object is told', () => told.length >= 3);
  const [first, second] = [old.metadata.uid, again.metadata.uid];
  assert.deepEqual(told, [`add w ${first}`, `delete w ${first}`, `add w ${second}`]);
});

test('a half-open connection is given up after idleMs and the watch goes on', async (t) => {
  const { proxy, informer, create, start, sees } = await setUp(t, { idleMs: 1500 });
  await start();
  await create('before');
  await until('the watch works', sees('before'));
  proxy.stall();
  await create('meanwhile');
  await until('the silence is noticed', () => informer.state().lastError?.code === 'Timeout', 10_000);
  assert.equal(sees('meanwhile')(), false);
  proxy.resume();
  await until('the object arrives', sees('meanwhile'), 10_000);
});

test('an idle watch lives on bookmarks: no failure, no list', async (t) => {
  const { informer, start } = await setUp(t, { watchSeconds: 3, idleMs: 4000 });
  await start();
  await until('three watches have ended in order', () => informer.state().watches >= 4, 20_000);
  assert.deepEqual([informer.state().failures, informer.state().lists], [0, 1]);
});

test('a list of 10,000 objects arrives whole although its first page and one in the middle fail', async (t) => {
  const { proxy, informer, create, start } = await setUp(t);
  for (let n = 0; n < 10_000; n += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, m) => create(`w-${n + m}`)));
  }
  proxy.inject({ match: LIST, status: 503 }, { match: /[?&]continue=/, status: 503, times: 2 });
  await start();
  assert.deepEqual([informer.size, informer.state().lists], [10_000, 1]);
  assert.equal(proxy.requests.filter((line) => LIST.test(line)).length, 10_000 / 500 + 3);
});

test('1,000 rapid updates of one object during one reconcile are one more reconcile, which sees the last state', async (t) => {
  const { direct, informer, namespace, create, start, sees } = await setUp(t);
  await start();
  await create('w');
  await until('the object arrives', sees('w'));
  const size = () => informer.get(namespace, 'w')?.spec?.size;
  const gate = Promise.withResolvers<void>();
  const seen: (number | undefined)[] = [];
  const reconcile = async () => {
    seen.push(size());
    await gate.promise;
  };
  const controller = new Controller({ name: 'test', reconcile }).watch(informer);
  await controller.start();
  await until('the first reconcile runs', () => seen.length === 1);
  const patch = (n: number) => direct.patch(WIDGETS, { namespace, name: 'w' }, { spec: { size: n } });
  for (let n = 1; n <= 1000; n += 20) await Promise.all(Array.from({ length: 20 }, (_, m) => patch(n + m)));
  await patch(5000);
  await until('the last state arrives', () => size() === 5000);
  gate.resolve();
  await until('it is reconciled', () => seen.at(-1) === 5000);
  await controller.stop();
  assert.deepEqual(seen, [undefined, 5000]);
});
