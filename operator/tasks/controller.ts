import { type AgentTask, type AgentTaskStatus, annotations } from '#crds';
import {
  type Condition,
  Controller,
  createOwned,
  cutText,
  isConditionTrue,
  isOwnedBy,
  JOBS,
  type KubeObject,
  MESSAGE_LIMIT,
  ownerKeys,
  type ReconcileResult,
  type Resource,
  Stalled,
  StatusProjector,
  setVerdict,
  type Verdict,
} from '#lib/kube';
import { continueFrom, continuing, correlate, type Logger, traced, traceparent } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { type Judged, recordVerdict } from '../notices/verdict.ts';
import { AGENT_TASKS, type Job } from '../objects.ts';
import { findTask, type TaskRow } from '../store/tasks.ts';
import { type JobSettings, jobOf } from './job.ts';
import { podProblem } from './pod.ts';
import { TaskPods } from './pods.ts';

/** How long a task may stay without a started pod before its pod is asked what is wrong, in ms. */
const LOOK_AFTER_MS = 3_000;
const LOOK_EVERY_MS = 10_000;
/** Most tasks start within this time, in ms, and are not said to wait before. */
const SETTLE_MS = 1_000;
/** How long a Job that was made may stay out of the cache, in ms; then it is taken for gone. */
const UNSEEN_MS = 5_000;
/** A task that reported ends by itself; after this its Job is deleted. */
const LINGER_MS = 30_000;
/** Endings that the task itself reported. */
const REPORTED = new Set(['succeeded', 'failed', 'stuck', 'asked']);

/** Gives every live AgentTask its Job, ends the Job of every ended one, and projects what the log says into the status. */
export class TaskController {
  readonly controller: Controller;
  readonly #conductor: Conductor;
  readonly #settings: JobSettings;
  readonly #projector: StatusProjector<AgentTask & KubeObject>;
  readonly #pods: TaskPods;
  /** Jobs that this process made and the cache may not show yet, by the task's uid. */
  readonly #made = new Map<string, { readonly job: Promise<Job>; readonly at: number }>();

  constructor(conductor: Conductor, settings: JobSettings, logger: Logger) {
    this.#conductor = conductor;
    this.#settings = settings;
    this.#projector = new StatusProjector({
      client: conductor.client,
      resource: AGENT_TASKS,
      fieldManager: 'rig-conductor',
    });
    this.#pods = new TaskPods(conductor.client, conductor.now);
    this.controller = new Controller({
      name: 'agent-task',
      workers: 8,
      logger,
      reconcile: (key, { signal }) => this.#reconcile(key, signal),
    });
    this.controller
      .watch(
        conductor.objects.tasks,
        undefined,
        ({ type, object, old }) => type !== 'update' || object === old || !this.#projector.wrote(object),
      )
      .watch(
        conductor.objects.jobs,
        ownerKeys(AGENT_TASKS),
        ({ type, object, old }) => type !== 'update' || object === old || ended(object) !== ended(old),
      );
  }

  /** Looks at a task again soon: it was heard of. */
  poke(namespace: string, name: string): void {
    this.controller.enqueue(`${namespace}/${name}`);
  }

  /** Gives a task its Job as soon as it is made, before the cache shows it. What fails here is left to the reconcile that follows anyway. */
  async begin(task: AgentTask & KubeObject, row: TaskRow): Promise<void> {
    const made = continuing(task.metadata.annotations?.[annotations.traceparent], () => this.#ensureJob(task, row));
    await made.catch(() => {});
  }

  /** Whoever no longer leads, or is told to stop, makes, ends and tells nothing after it has waited. */
  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const [namespace, name] = key.split('/') as [string, string];
    const task = this.#conductor.objects.tasks.get(namespace, name);
    if (task === undefined || task.metadata.deletionTimestamp !== undefined) return undefined;
    if (this.#conductor.mark.behind() !== null) return { requeueAfterMs: LOOK_EVERY_MS };
    const row = await findTask(this.#conductor.log.pool, namespace, name);
    signal.throwIfAborted();
    correlate(row?.subject);
    continueFrom(task.metadata.annotations?.[annotations.traceparent]);
    try {
      if (row === null)
        throw new Stalled(
          'TaskCancelled',
          `No claim stands behind AgentTask ${name}; AgentTasks are made by the conductor alone, delete it.`,
        );
      return await (row.endedAt === null
        ? this.#reconcileLive(task, row, signal)
        : this.#reconcileEnded(task, row, signal));
    } catch (error) {
      if (error instanceof Stalled)
        await this.#project(task, row, { state: 'Stalled', reason: error.reason, message: error.message });
      throw error;
    }
  }

  async #reconcileLive(task: AgentTask & KubeObject, row: TaskRow, signal: AbortSignal): Promise<ReconcileResult> {
    const job = await this.#ensureJob(task, row);
    signal.throwIfAborted();
    if (row.startedAt !== null) {
      await this.#project(task, row, {
        state: 'Reconciling',
        reason: 'Progressing',
        message: `${row.agent.name} is at work${row.client === null ? '' : `, as client ${row.client}`}.`,
        ready: 'True',
      });
      return undefined;
    }
    if (this.#isPulled(task)) return this.#waitForClient(task, row);
    const waited = this.#conductor.now() - row.dispatchedAt;
    if (waited < SETTLE_MS) return { requeueAfterMs: SETTLE_MS - waited };
    const problem = waited < LOOK_AFTER_MS || job === undefined ? null : await this.#podProblem(row);
    signal.throwIfAborted();
    await this.#project(
      task,
      row,
      problem ?? {
        state: 'Reconciling',
        reason: 'Dispatched',
        message: 'The pod of the task has not started yet.',
        ready: 'True',
      },
    );
    return { requeueAfterMs: waited < LOOK_AFTER_MS ? LOOK_AFTER_MS - waited : LOOK_EVERY_MS };
  }

  /** Whether a client asks for it: then no Job is made. */
  #isPulled({ metadata, spec }: AgentTask): boolean {
    return this.#conductor.objects.agents.get(metadata.namespace!, spec.agentRef.name)?.spec.dispatch === 'pull';
  }

  async #waitForClient(task: AgentTask & KubeObject, row: TaskRow): Promise<undefined> {
    const message = `It waits for a client of ${row.agent.name} to take it.`;
    await this.#project(task, row, { state: 'Reconciling', reason: 'Dispatched', message, ready: 'True' });
  }

  /** A Job that vanished after the task had started is a loss for the issue's rules to judge, not one to make again. */
  async #ensureJob(task: AgentTask & KubeObject, row: TaskRow): Promise<Job | undefined> {
    const { namespace, name } = task.metadata as { namespace: string; name: string };
    const known = this.#conductor.objects.jobs.get(namespace, name);
    if ((known !== undefined && isOwnedBy(known, task)) || row.startedAt !== null || this.#isPulled(task)) {
      this.#made.delete(task.metadata.uid!);
      return known;
    }
    const made = this.#made.get(task.metadata.uid!);
    if (made !== undefined && this.#conductor.now() - made.at < UNSEEN_MS) return made.job;
    const job = this.#makeJob(task);
    this.#made.set(task.metadata.uid!, { job, at: this.#conductor.now() });
    job.catch(() => this.#made.delete(task.metadata.uid!));
    return job;
  }

  async #makeJob(task: AgentTask & KubeObject): Promise<Job> {
    const { namespace, name } = task.metadata as { namespace: string; name: string };
    const agent = this.#conductor.objects.agents.get(namespace, task.spec.agentRef.name);
    if (agent === undefined)
      throw new Stalled('AgentMissing', `There is no Agent ${task.spec.agentRef.name} in ${namespace}.`);
    const attributes = { 'rig.task': name, 'rig.kind': task.spec.kind, 'rig.agent': agent.metadata.name! };
    return traced('job create', { kind: 'producer', attributes }, () => {
      const job = jobOf(task, agent, { ...this.#settings, traceparent: traceparent() });
      return createOwned(this.#conductor.client, JOBS as Resource<Job>, job as Job, task);
    });
  }

  async #podProblem(row: TaskRow): Promise<Verdict | null> {
    const pods = await this.#pods.of(row.namespace, row.name);
    return pods.map(podProblem).find((problem) => problem !== null) ?? null;
  }

  async #reconcileEnded(task: AgentTask & KubeObject, row: TaskRow, signal: AbortSignal): Promise<ReconcileResult> {
    const { namespace, name } = task.metadata as { namespace: string; name: string };
    const job = this.#conductor.objects.jobs.get(namespace, name);
    const over =
      job === undefined ||
      !isOwnedBy(job, task) ||
      isConditionTrue(job.status?.conditions as Condition[] | undefined, 'Complete') ||
      isConditionTrue(job.status?.conditions as Condition[] | undefined, 'Failed');
    await this.#project(task, row, verdictOf(row));
    if (over) return undefined;
    const lingers = REPORTED.has(row.ending!) ? row.endedAt! + LINGER_MS - this.#conductor.now() : 0;
    if (lingers > 0) return { requeueAfterMs: lingers };
    signal.throwIfAborted();
    await this.#conductor.client.delete(JOBS, { namespace, name }, { uid: job.metadata.uid });
    return undefined;
  }

  async #project(task: AgentTask & KubeObject, row: TaskRow | null, verdict: Verdict): Promise<void> {
    const generation = task.metadata.generation ?? 1;
    const { status } = this.#projector.latest(task);
    const conditions = setVerdict(status?.conditions as Condition[] | undefined, verdict, {
      generation,
      now: new Date(this.#conductor.now()),
    });
    const phase = row === null ? {} : statusOf(row, row.pod === null && this.#isPulled(task));
    const { result } = await this.#projector.project(task, { ...phase, observedGeneration: generation, conditions });
    const change = { before: status as Judged, after: { ...phase, conditions } };
    if (result === 'applied') recordVerdict(this.#conductor.recorder, task, change, verdict);
  }
}

/** What of a Job its task depends on, beside its being there. */
function ended({ status }: Partial<Job> = {}): string {
  return JSON.stringify((status?.conditions as Condition[] | undefined)?.map(({ type, status }) => [type, status]));
}

const PHASES = {
  succeeded: 'Succeeded',
  failed: 'Failed',
  lost: 'Failed',
  cancelled: 'Cancelled',
  stuck: 'Stuck',
  asked: 'Stuck',
} as const;

/** What an AgentTask's status says of its row, without conditions; `pulled` where its Agent's clients ask for it, so that it has no Job. */
export function statusOf(row: TaskRow, pulled = row.client !== null): AgentTaskStatus {
  const phase =
    row.endedAt === null ? (row.startedAt === null ? 'Pending' : 'Running') : PHASES[row.ending as keyof typeof PHASES];
  return {
    phase,
    ...(pulled ? {} : { job: row.name }),
    ...(row.client === null ? {} : { client: row.client }),
    ...(row.pod === null ? {} : { pod: row.pod }),
    ...(row.node === null ? {} : { node: row.node }),
    ...(row.startedAt === null ? {} : { startedAt: time(row.startedAt) }),
    ...(row.endedAt === null
      ? {}
      : {
          finishedAt: time(row.endedAt),
          outcome: { reason: row.reason ?? 'TaskLost', message: cutText(row.message ?? '', MESSAGE_LIMIT) },
        }),
    ...(row.tokens === null ? {} : { tokens: row.tokens }),
  };
}

function verdictOf(row: TaskRow): Verdict {
  const reason = row.reason ?? 'TaskLost';
  const message = row.message ?? '';
  return row.ending === 'succeeded'
    ? { state: 'Ready', reason, message: message || 'The task is done.' }
    : { state: 'Stalled', reason, message: message || 'The task ended without success.' };
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
