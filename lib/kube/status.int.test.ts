import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFaultProxy } from '../../test/kit/fault-proxy.ts';
import { WIDGETS, type Widget } from './client.contract.ts';
import { KubeClient } from './client.ts';
import { setVerdict, type Verdict } from './conditions.ts';
import { checkStatus } from './conformance.ts';
import { Controller } from './controller.ts';
import { createInformer } from './informer.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { EventRecorder } from './recorder.ts';
import { StatusProjector } from './status.ts';
import type { Condition, KubeObject, Resource } from './types.ts';
import { until, widgetCluster } from './widgets.int-kit.ts';

test('a controller that projects at every turn writes each status once, by apply, and keeps every status rule', async (t) => {
  const { cluster, client: direct, namespace } = await widgetCluster(t);
  const proxy = await startFaultProxy(cluster.kubeconfigPath);
  const client = new KubeClient(loadKubeConfig({ path: proxy.kubeconfigPath }));
  const informer = createInformer(client, WIDGETS as Resource<WidgetWithConditions>, { namespace });
  const projector = new StatusProjector({ client, resource: informer.resource, fieldManager: 'rig-test' });
  let reconciles = 0;
  const reconcile = async (key: string) => {
    const widget = informer.byKey(key);
    if (widget === undefined) return;
    reconciles++;
    const { generation = 0 } = widget.metadata;
    const verdict = verdictOf(widget.spec?.size ?? 0);
    const conditions = setVerdict(widget.status?.conditions, verdict, { generation, now: new Date() });
    await projector.project(widget, { phase: verdict.state, observedGeneration: generation, conditions });
  };
  const controller = new Controller({ name: 'test', reconcile }).watch(informer);
  const stop = new AbortController();
  const run = informer.run(stop.signal);
  t.after(async () => {
    await controller.stop();
    stop.abort();
    await run;
    await client.close();
    await proxy.close();
  });
  await controller.start();

  let previous: KubeObject | undefined;
  for (const [size, phase] of [
    [1, 'Ready'],
    [-1, 'Stalled'],
    [2, 'Ready'],
  ] as const) {
    const object = await direct.apply<Widget>(WIDGETS, { metadata: { namespace, name: 'w' }, spec: { size } });
    const key = `${namespace}/w`;
    await until(`phase ${phase}`, () => {
      const status = informer.byKey(key)?.status;
      return status?.phase === phase && status.observedGeneration === object.metadata.generation;
    });
    for (let turn = 0; turn < 3; turn++) {
      const before = reconciles;
      controller.enqueue(key);
      await until('it is reconciled again', () => reconciles > before);
    }
    const current = await direct.get(WIDGETS, { namespace, name: 'w' });
    assert.deepEqual(checkStatus(current, { previous, abnormal: [] }), []);
    previous = current;
  }
  const writes = proxy.requests.filter((line) => line.startsWith('PATCH'));
  assert.equal(writes.length, 3, writes.join('\n'));
  assert.match(writes[0] ?? '', /widgets\/w\/status\?fieldManager=rig-test&force=true$/);
});

test('a leader that was frozen before it wrote a status writes nothing over that of the next', async (t) => {
  const { client, namespace } = await widgetCluster(t);
  const leader = () => new StatusProjector<Widget>({ client, resource: WIDGETS, fieldManager: 'rig-test' });
  const [frozen, next] = [leader(), leader()];
  const seen = await client.create<Widget>(WIDGETS, { metadata: { namespace, name: 'w' }, spec: { size: 1 } });
  await frozen.project(seen, { phase: 'Implementing' });
  await frozen.project(seen, { phase: 'InReview' });
  const found = await client.get<Widget>(WIDGETS, { namespace, name: 'w' });
  await next.project(found, { phase: 'Merging' });
  await assert.rejects(frozen.project(seen, { phase: 'Failed' }), { code: 'Conflict' });
  const now = await client.get<Widget>(WIDGETS, { namespace, name: 'w' });
  assert.equal(now.status?.phase, 'Merging');
  await frozen.project(now, { phase: 'Done' });
  assert.equal((await client.get<Widget>(WIDGETS, { namespace, name: 'w' })).status?.phase, 'Done');
});

interface WidgetWithConditions extends Widget {
  status?: Widget['status'] & { conditions?: Condition[] };
}

function verdictOf(size: number): Verdict {
  if (size < 0) return { state: 'Stalled', reason: 'NegativeSize', message: 'spec.size must not be negative' };
  return { state: 'Ready', reason: 'Sized', message: 'the widget has its size' };
}

test('events are accepted by the API server, and kubectl shows them with their count', async (t) => {
  const { cluster, client, namespace } = await widgetCluster(t);
  const widget = await client.create(WIDGETS, { metadata: { namespace, name: 'w' } });
  const recorder = new EventRecorder({ client, controller: 'rig.dashecorp.com/test', instance: 'test-1' });
  for (let n = 0; n < 3; n++) {
    recorder.record(widget, { type: 'Warning', reason: 'NoRepo', message: 'there is no repository', related: widget });
  }
  await recorder.flush();
  recorder.record(widget, { type: 'Warning', reason: 'NoRepo', message: 'there is no repository', related: widget });
  await recorder.flush();
  const shown = await cluster.kubectl('-n', namespace, 'get', 'events.v1.events.k8s.io', '-o', 'json');
  const { items } = JSON.parse(shown) as { items: { reason: string; series: { count: number } }[] };
  assert.deepEqual(
    items.map(({ reason, series }) => [reason, series.count]),
    [['NoRepo', 4]],
  );
  assert.match(
    await cluster.kubectl('-n', namespace, 'describe', 'widget', 'w'),
    /Warning\s+NoRepo.*there is no repository/,
  );
});
