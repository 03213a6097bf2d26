import type { TestContext } from 'node:test';
import { type TestCluster, testCluster, testNamespace } from '../../test/kit/cluster.ts';
import { WIDGETS } from './client.contract.ts';
import { type ClientOptions, KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import type { Condition, KubeObject, Resource } from './types.ts';

const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const status = {
  type: 'object',
  properties: {
    phase: { type: 'string' },
    why: { type: 'string' },
    costUSD: { type: 'number' },
    observedGeneration: { type: 'integer' },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type'],
        properties: { type: { type: 'string' } },
        ...{ 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
};

const definition = {
  metadata: { name: `${WIDGETS.plural}.${WIDGETS.group}` },
  spec: {
    group: WIDGETS.group,
    scope: 'Namespaced',
    names: { plural: WIDGETS.plural, kind: WIDGETS.kind },
    versions: [
      {
        name: WIDGETS.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status } } },
      },
    ],
  },
};

export interface WidgetCluster {
  cluster: TestCluster;
  client: KubeClient;
  namespace: string;
}

/** A client of the real API server, which serves Widgets, and a namespace of the test's own. */
export async function widgetCluster(t: TestContext, options: ClientOptions = {}): Promise<WidgetCluster> {
  const cluster = await testCluster();
  const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }), options);
  t.after(() => client.close());
  await client.apply(CRDS, definition as unknown as KubeObject, { fieldManager: 'test' });
  for (;;) {
    const { status } = (await client.get(CRDS, definition.metadata)) as { status?: { conditions?: Condition[] } };
    if (status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) break;
  }
  const namespace = await testNamespace(t, 'kube');
  await servedIn(client, namespace);
  return { cluster, client, namespace };
}

/** A kind that was just established may still answer 404 or 429 for a moment. */
async function servedIn(client: KubeClient, namespace: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await client.list(WIDGETS, { namespace });
      return;
    } catch (error) {
      if (tries > 200 || !isKubeError(error, 'NotFound')) throw error;
    }
  }
}

/** Resolves when `condition` holds; looks every 10 ms, gives up with `what` after `withinMs`. */
export async function until(what: string, condition: () => boolean, withinMs = 15_000): Promise<number> {
  const startedAt = performance.now();
  while (!condition()) {
    if (performance.now() - startedAt > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - startedAt;
}
