import type { Agent } from '#crds';
import {
  type Condition,
  Controller,
  type KubeObject,
  type ReconcileResult,
  StatusProjector,
  setVerdict,
  type Verdict,
} from '#lib/kube';
import type { Logger } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { type Acts, takeAct } from '../ledger/acts.ts';
import { shownCeilings } from '../ledger/ceilings.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { AGENTS } from '../objects.ts';
import { runningByAgent } from '../store/tasks.ts';

/** Judges every Agent and projects what it runs. */
export class AgentController {
  readonly controller: Controller;
  readonly #conductor: Conductor;
  readonly #acts: Acts | undefined;
  readonly #projector: StatusProjector<Agent & KubeObject>;

  /** Without `acts` it shows nothing of the ledger, and takes nothing that people say of it. */
  constructor(conductor: Conductor, logger: Logger, acts?: Pick<Acts, 'store' | 'grants'>) {
    this.#conductor = conductor;
    this.#acts = acts && { ...acts, log: conductor.log, now: conductor.now };
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: AGENTS,
      fieldManager: 'rig-conductor',
      volatile: ['running'],
      volatileMs: 1_000,
    });
    this.controller = new Controller({
      name: 'agent',
      workers: 2,
      logger,
      reconcile: (key, { signal }) => this.#reconcile(key, signal),
    });
    this.controller
      .watch(conductor.objects.agents)
      .watch(conductor.objects.tasks, (task) => [`${task.metadata.namespace}/${task.spec.agentRef.name}`]);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const agent = this.#conductor.objects.agents.get(namespace, name);
    if (agent === undefined) return undefined;
    const running = (await runningByAgent(this.#conductor.log.pool)).get(agent.metadata.uid!) ?? 0;
    const trust = this.#acts ? await takeAct(this.#acts, this.#projector.latest(agent)) : null;
    const ceilings = this.#acts ? await shownCeilings(this.#acts.log.pool, agent) : [];
    signal.throwIfAborted();
    const generation = agent.metadata.generation ?? 1;
    const stamp = { generation, now: new Date(this.#conductor.now()) };
    const { status } = this.#projector.latest(agent);
    const verdict = judgeAgent(agent);
    const conditions = setVerdict(status?.conditions as Condition[] | undefined, verdict, stamp);
    const projection = await this.#projector.project(agent, {
      running,
      ...(ceilings.length === 0 ? {} : { ceilings }),
      ...(trust === null ? {} : { trust }),
      observedGeneration: generation,
      conditions,
    });
    if (trust !== null && trust.act !== status?.trust?.act)
      this.#conductor.recorder.record(agent, {
        type: trust.taken ? 'Normal' : 'Warning',
        reason: trust.taken ? 'Accepted' : 'TrustAnswerRefused',
        message: trust.message,
      });
    if (projection.result === 'applied')
      recordVerdict(
        this.#conductor.recorder,
        agent,
        { before: status as Judged | undefined, after: { conditions } },
        verdict,
      );
    return projection.result === 'deferred' ? { requeueAfterMs: projection.afterMs } : undefined;
  }
}

const SERVED = new Set(['developer', 'reviewer']);

/** Whether this conductor can give an Agent work; says what to change where it cannot. */
export function judgeAgent({ metadata, spec }: Agent): Verdict {
  if (spec.suspend)
    return {
      state: 'Ready',
      reason: 'AgentSuspended',
      message: 'The Agent is suspended and takes no work; set spec.suspend to false.',
    };
  if (spec.models.default === undefined)
    return stalled(
      'AgentMissing',
      `Agent ${metadata.name} names no model for the use default; set spec.models.default.`,
    );
  if (SERVED.has(spec.role) && spec.forgeCredentialsSecretRef === undefined) {
    return stalled(
      'SecretMissing',
      `Agent ${metadata.name} has no forge identity; set spec.forgeCredentialsSecretRef.`,
    );
  }
  return { state: 'Ready', reason: 'Accepted', message: 'The Agent takes work.' };
}

function stalled(reason: string, message: string): Verdict {
  return { state: 'Stalled', reason, message };
}
