import assert from 'node:assert/strict';
import { join } from 'node:path';
import { reasons } from '#crds';
import {
  checkStatus,
  isConditionTrue,
  type KubeClient,
  type KubeObject,
  loadKubeConfig,
  NAMESPACES,
  type Resource,
  SERVICE_ACCOUNTS,
  type WatchEventType,
} from '#lib/kube';
import { served } from '../../crds/fixtures.int-kit.ts';
import { clusterLife, testCluster, testNamespace } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { AGENTS } from '../objects.ts';
import { type TestConductor, type TestConductorOptions, testConductor } from './conductor.int-kit.ts';
import { OwnClient } from './own-client.int-kit.ts';

/** {@link testConductor} over the real API server, in a tenant's namespace of its own (Pod Security `restricted`). */
export async function clusterConductor(options: TestConductorOptions = {}): Promise<TestConductor> {
  const cluster = await testCluster();
  const config = join(import.meta.dirname, '..', '..', 'config', 'local');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', config);
  const client = new OwnClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
  clusterLife.after(() => client.close());
  const namespace = await tenantNamespace(client);
  await served(client, namespace);
  return testConductor(clusterLife, { client, namespace, ...options });
}

/** A namespace with what config/tenant gives one. */
export async function tenantNamespace(client: KubeClient): Promise<string> {
  const name = await testNamespace(clusterLife);
  await client.patch(
    NAMESPACES,
    { name },
    { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  );
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'rig-agent', namespace: name } };
  await client.create(SERVICE_ACCOUNTS, account);
  return name;
}

/** Says of every Agent what its controller says of one that takes work. */
export async function agentsReady({ client, conductor, namespace }: TestConductor): Promise<void> {
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const ready = {
    type: 'Ready',
    status: 'True' as const,
    reason: 'Accepted',
    message: 'It takes work.',
    lastTransitionTime,
  };
  for (const agent of (await client.list(AGENTS, { namespace })).items)
    await client.applyStatus(AGENTS, { ...agent, status: { observedGeneration: 1, conditions: [ready] } });
  await until('the Agents are Ready', () => {
    const agents = conductor.objects.agents.list(namespace);
    return agents.length > 0 && agents.every((agent) => isConditionTrue(agent.status?.conditions, 'Ready'));
  });
}

/**
 * Waits until an object is as `wanted`, and checks the rules for a status at every version on the way. It follows the
 * stream of changes: between two reads an object may go there and back, and no rule about change could be held.
 */
export class StatusWatch<T extends KubeObject> {
  readonly #rig: TestConductor;
  readonly #resource: Resource<T>;
  readonly #seen = new Map<string, T>();
  readonly #violations: string[] = [];

  constructor(rig: TestConductor, resource: Resource<T>) {
    this.#rig = rig;
    this.#resource = resource;
    const stop = new AbortController();
    const { client, namespace } = rig;
    const over = client
      .watch(resource, { namespace, signal: stop.signal, onEvent: (type, object) => this.#receive(type, object) })
      .catch((error: Error) => void this.#violations.push(error.message));
    clusterLife.after(async () => {
      stop.abort();
      await over;
    });
  }

  async until(what: string, name: string, wanted: (object: T) => boolean): Promise<T> {
    const { client, namespace } = this.#rig;
    let seen = '';
    const found = await until(
      `${this.#resource.kind} ${name}: ${what}`,
      async () => {
        const object = await client.get(this.#resource, { namespace, name });
        seen = JSON.stringify(object.status);
        assert.deepEqual(this.#violations, []);
        const followed = this.#seen.get(name)?.metadata.resourceVersion === object.metadata.resourceVersion;
        return followed && wanted(object) && settled(object) ? object : undefined;
      },
      15_000,
    ).catch((error: Error) => assert.fail(`${error.message}: ${seen}`));
    return found as T;
  }

  #receive(type: WatchEventType, object: T): void {
    if (type === 'BOOKMARK') return;
    const { name, uid } = object.metadata as { name: string; uid: string };
    const previous = this.#seen.get(name);
    this.#seen.set(name, object);
    if (object.status === undefined) return;
    // NameTaken is lib/kube's own word for a name that another object holds.
    const known = [...Object.keys(reasons), 'NameTaken'];
    const options = previous?.metadata.uid === uid ? { previous, reasons: known } : { reasons: known };
    for (const { rule, found } of checkStatus(object, options).filter(({ rule }) => rule !== 'S03'))
      this.#violations.push(`${this.#resource.kind} ${name}: ${rule}: ${found}`);
  }
}

/** Whether the status speaks of the spec as it is. Between an edit and its reconcile it does not, and S03 is nobody's fault. */
function settled(object: KubeObject): boolean {
  return checkStatus(object).every(({ rule }) => rule !== 'S03');
}
