import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import type { TestCluster } from '../cluster.ts';
import { until } from '../cluster-wait.ts';

const MODULE = 'github.com/fluxcd/flagger';

export const CANARIES: Resource<CanaryObject> = {
  group: 'flagger.app',
  version: 'v1beta1',
  kind: 'Canary',
  plural: 'canaries',
  namespaced: true,
};
const DEPLOYMENTS: Resource<DeploymentObject> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

type Phase =
  | 'Initializing'
  | 'Initialized'
  | 'Waiting'
  | 'Progressing'
  | 'WaitingPromotion'
  | 'Promoting'
  | 'Finalising'
  | 'Succeeded'
  | 'Failed'
  | 'Terminating';

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastUpdateTime: string;
  lastTransitionTime: string;
}
interface CanaryObject extends KubeObject {
  status?: { phase?: Phase; lastAppliedSpec?: string; lastPromotedSpec?: string; conditions?: Condition[] };
}
interface DeploymentObject extends KubeObject {
  spec?: { template?: { metadata?: { annotations?: Record<string, string> }; spec?: object } };
}

/** Serves Flagger's own definition of a Canary, from the module of its release, whose sum is beside this file. */
export async function serveCanaries(cluster: TestCluster, client: KubeClient, namespace: string): Promise<void> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', MODULE], {
    cwd: import.meta.dirname,
  });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  const file = join(Dir, 'artifacts', 'flagger', 'crd.yaml');
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
  await until('Canaries are served', () => client.list(CANARIES, { namespace }).then(() => true));
}

/** How the condition Promoted stands in each phase, and what it says (pkg/canary/status.go). */
const PROMOTED: Readonly<Record<Phase, readonly [status: string, message: string]>> = {
  Initializing: ['Unknown', 'New Deployment detected, starting initialization.'],
  Initialized: ['True', 'Deployment initialization completed.'],
  Waiting: ['Unknown', 'Waiting for approval.'],
  Progressing: ['Unknown', 'New revision detected, progressing canary analysis.'],
  WaitingPromotion: ['Unknown', 'Waiting for approval.'],
  Promoting: ['Unknown', 'Canary analysis completed, starting primary rolling update.'],
  Finalising: ['Unknown', 'Canary analysis completed, routing all traffic to primary.'],
  Succeeded: ['True', 'Canary analysis completed successfully, promotion finished.'],
  Failed: ['False', 'Canary analysis failed, Deployment scaled to zero.'],
  Terminating: ['Unknown', 'New Deployment detected, starting initialization.'],
};

/** Stands in for Flagger at one Canary: says of it what Flagger says, step by step, and copies what is promoted to the primary workload. */
export class FlaggerHand {
  readonly #client: KubeClient;
  readonly #ref: { readonly namespace: string; readonly name: string };
  /** Moves on by ten seconds with each word, as the interval of an analysis does; in ms. */
  #clock = Date.now();

  constructor(client: KubeClient, ref: { namespace: string; name: string }) {
    this.#client = client;
    this.#ref = ref;
  }

  /** A Deployment without pods that names no revision yet, and a Canary of it that Flagger has not looked at. */
  async make(): Promise<void> {
    const { name, namespace } = this.#ref;
    const labels = { app: name };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'shop', image: 'shop:1' }] } };
    await this.#client.create(DEPLOYMENTS, {
      metadata: { name, namespace },
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    } as KubeObject);
    await this.#client.create(CANARIES, {
      metadata: { name, namespace },
      spec: {
        targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        service: { port: 80 },
        analysis: { interval: '10s', threshold: 5, maxWeight: 50, stepWeight: 10 },
      },
    } as KubeObject);
  }

  /** Whoever applies manifests says by which commit the pods are made. */
  async apply(revision: string): Promise<void> {
    const annotations = { 'rig.dashecorp.com/revision': revision };
    const patch = { spec: { template: { metadata: { annotations } } } };
    await this.#client.patch(DEPLOYMENTS, this.#ref, patch);
  }

  /** One word of Flagger's, which also moves its clock on; `hash` stands for that of the target's pod template. */
  async say(phase: Phase, over: object = {}): Promise<void> {
    const { status: before } = await this.#client.get(CANARIES, this.#ref);
    this.#clock += 10_000;
    const at = new Date(this.#clock).toISOString().replace(/\.\d+Z/, 'Z');
    const lastAppliedSpec = await this.#hash();
    const promoted = phase === 'Initialized' || phase === 'Succeeded' ? { lastPromotedSpec: lastAppliedSpec } : {};
    await this.#client.patchStatus(CANARIES, this.#ref, {
      phase,
      canaryWeight: 0,
      failedChecks: 0,
      iterations: 0,
      lastAppliedSpec,
      lastTransitionTime: at,
      ...promoted,
      conditions: [conditionOf(before?.conditions?.[0], phase, at)],
      ...over,
    });
  }

  /** Copies the target's pod template to the primary workload, as Flagger does when an analysis has succeeded. */
  async promote(): Promise<void> {
    const { name, namespace } = this.#ref;
    const primary = { namespace, name: `${name}-primary` };
    const { spec } = await this.#client.get(DEPLOYMENTS, this.#ref);
    const labels = { app: primary.name };
    const { annotations } = spec!.template!.metadata!;
    const template = { metadata: { labels, annotations }, spec: spec!.template!.spec };
    const found = await this.#client.find(DEPLOYMENTS, primary);
    if (found !== undefined) return void (await this.#client.patch(DEPLOYMENTS, primary, { spec: { template } }));
    const wanted = { replicas: 0, selector: { matchLabels: labels }, template };
    await this.#client.create(DEPLOYMENTS, { metadata: primary, spec: wanted } as KubeObject);
  }

  /** A whole analysis that ends well. */
  async succeed(): Promise<void> {
    await this.say('Progressing');
    await this.say('Progressing', { canaryWeight: 50 });
    await this.promote();
    for (const phase of ['Promoting', 'Finalising', 'Succeeded'] as const) await this.say(phase);
  }

  /** A whole analysis that does not. */
  async giveUp(): Promise<void> {
    await this.say('Progressing', { canaryWeight: 10, failedChecks: 5 });
    await this.say('Failed');
  }

  async #hash(): Promise<string> {
    const { spec } = await this.#client.get(DEPLOYMENTS, this.#ref);
    return String(JSON.stringify(spec?.template).length);
  }
}

/** Flagger leaves the condition alone while status and reason stay what they are. */
function conditionOf(before: Condition | undefined, phase: Phase, at: string): Condition {
  const [status, message] = PROMOTED[phase];
  if (before?.status === status && before.reason === phase) return before;
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : at;
  return { type: 'Promoted', status, reason: phase, message, lastUpdateTime: at, lastTransitionTime };
}
