import { labels } from '#crds';
import { type KubeClient, PODS, type Resource } from '#lib/kube';
import type { PodState } from './pod.ts';

/** How old what was read of pods may be, in ms: many tasks that wait for a node ask in the same moment, and again and again. */
const FRESH_MS = 2_000;

type PodsOfTasks = ReadonlyMap<string, readonly PodState[]>;

/** The pods of tasks, read for all tasks of a namespace by one request. */
export class TaskPods {
  readonly #client: Pick<KubeClient, 'list'>;
  readonly #now: () => number;
  readonly #read = new Map<string, { readonly at: number; readonly pods: Promise<PodsOfTasks> }>();

  constructor(client: Pick<KubeClient, 'list'>, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** The pods of one task as they were at most two seconds ago. Throws what listing throws. */
  async of(namespace: string, task: string): Promise<readonly PodState[]> {
    const now = this.#now();
    for (const [key, { at }] of this.#read) if (now - at >= FRESH_MS) this.#read.delete(key);
    const known = this.#read.get(namespace);
    if (known !== undefined) return (await known.pods).get(task) ?? [];
    const pods = this.#list(namespace);
    this.#read.set(namespace, { at: now, pods });
    pods.catch(() => this.#read.delete(namespace));
    return (await pods).get(task) ?? [];
  }

  async #list(namespace: string): Promise<PodsOfTasks> {
    const { items } = await this.#client.list<PodState>(PODS as Resource<PodState>, {
      namespace,
      labelSelector: labels.task,
    });
    return Map.groupBy(items, ({ metadata }) => metadata.labels?.[labels.task] ?? '');
  }
}
