import { createInformer, JOBS, type KubeClient, type KubeObject } from '#lib/kube';

/** When Jobs were seen first, on the clock of `performance.now()`, through one watch. */
export class JobSightings {
  readonly #seen = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;

  constructor(client: KubeClient, namespace: string) {
    // The API server ends the watch of a client that reads too slowly, as one does that makes 200 objects at once.
    const informer = createInformer(client, JOBS, { namespace });
    informer.subscribe({
      add: ({ metadata: { name = '' } }) => {
        if (this.#seen.has(name)) return;
        this.#seen.set(name, performance.now());
        this.#waiting.get(name)?.();
      },
    });
    this.#watching = informer.run(this.#stop.signal);
  }

  /** When the Job was first seen, or will be. Rejects when `signal` aborts. */
  async of(name: string, signal: AbortSignal): Promise<number> {
    const seen = new Promise<void>((resolve) => {
      if (this.#seen.has(name)) resolve();
      else this.#waiting.set(name, resolve);
    });
    const cancelled = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`Job ${name} was not seen`, { cause: signal.reason }));
      if (signal.aborted) fail();
      signal.addEventListener('abort', fail, { once: true });
    });
    await Promise.race([seen, cancelled]);
    return this.#seen.get(name) as number;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }
}

/** A Job that the API server takes and nothing acts on. */
export function emptyJob(name: string, namespace: string): KubeObject {
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 65_532,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const containers = [{ name: 'none', image: 'none', securityContext }];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers } } },
  } as KubeObject;
}
