import { type AgentTask, annotations, apiVersion, type Issue, labels } from '#crds';
import { formatFence, type IssueState, type LiveTask, liveTasks } from '#domain';
import { createOwned, type KubeObject } from '#lib/kube';
import { traced, traceparent } from '#lib/observe';
import { AGENT_TASKS } from '../objects.ts';
import { type TaskRow, tasksOf } from '../store/tasks.ts';
import type { Step } from './actions.ts';

/** Starts a task whose object was made this moment. Must not throw: the task's own reconcile does it again. */
export type Begin = (task: AgentTask & KubeObject, row: TaskRow) => Promise<void>;

/** How long an AgentTask that was made may stay out of the cache, in ms; then it is made again, which finds it where it is there. */
const UNSEEN_MS = 5_000;
/** How long it is remembered that a task was made. */
const REMEMBERED_MS = 600_000;

/** Makes the AgentTasks of live tasks that have none: after a claim, and after a crash between claim and object. */
export class Beginnings {
  readonly #begin: Begin;
  /** When the object of a task was made last, by its fence; the oldest first. */
  readonly #made = new Map<string, number>();

  constructor(begin: Begin = async () => {}) {
    this.#begin = begin;
  }

  /** Makes what the caches show to be missing. True where one was made now: they do not show it yet. */
  async complete(step: Step): Promise<boolean> {
    return this.#makeAll(step, missingTasks(step));
  }

  /** Makes what was claimed this moment, before anything is read again: that is what somebody waits for. True where one was made. */
  async begin(step: Step): Promise<boolean> {
    return this.#makeAll(step, liveTasks(step.draft.state));
  }

  async #makeAll(step: Step, tasks: readonly LiveTask[]): Promise<boolean> {
    const now = step.conductor.now();
    const missing = tasks.filter(({ fence }) => !this.#isFresh(fence, now));
    if (missing.length === 0) return false;
    const rows = new Map((await tasksOf(step.conductor.log.pool, step.subject.id)).map((row) => [row.name, row]));
    const live = missing.flatMap((task) => {
      const row = rows.get(task.name);
      return row === undefined || row.endedAt !== null ? [] : [{ task, row }];
    });
    for (const { task, row } of live) await this.#make(step, task, row);
    return live.length > 0;
  }

  /** When to look again whether the caches show what was made for this issue, in ms; null where nothing is missing. */
  due(step: Pick<Step, 'state' | 'world'>): number | null {
    const made = missingTasks(step).flatMap(({ fence }) => this.#made.get(fence) ?? []);
    return made.length === 0 ? null : Math.min(...made) + UNSEEN_MS;
  }

  async #make(step: Step, task: LiveTask, row: TaskRow): Promise<void> {
    const { conductor, issue, draft, signal } = step;
    const agent = conductor.objects.agents.get(issue.metadata.namespace!, task.agent.name);
    const attributes = { 'rig.task': task.name, 'rig.kind': task.kind, 'rig.agent': task.agent.name };
    await traced('task create', { kind: 'producer', attributes }, async () => {
      const object = agentTaskOf(issue, draft.state, task, row, agent?.spec.caps ?? {});
      signal.throwIfAborted();
      const made = await createOwned(conductor.client, AGENT_TASKS, object, issue as never);
      signal.throwIfAborted();
      await this.#begin(made, row);
    });
    if (!this.#remember(task.fence, conductor.now())) return;
    conductor.recorder.record(issue as never, {
      type: 'Normal',
      reason: 'Dispatched',
      message: `${task.agent.name} was given ${task.kind} task ${task.name}.`,
    });
  }

  #isFresh(fence: string, now: number): boolean {
    const at = this.#made.get(fence);
    return at !== undefined && now - at < UNSEEN_MS;
  }

  /** True for one that was not remembered. */
  #remember(fence: string, now: number): boolean {
    for (const [old, at] of this.#made) {
      if (now - at < REMEMBERED_MS) break;
      this.#made.delete(old);
    }
    const first = !this.#made.delete(fence);
    this.#made.set(fence, now);
    return first;
  }
}

function missingTasks({ state, world }: Pick<Step, 'state' | 'world'>): LiveTask[] {
  return liveTasks(state).filter((task) => world.tasks.get(task.name)?.object === 'absent');
}

/** Under what an object is made, for whoever works on it. */
function traceAnnotations(): Record<string, string> {
  const value = traceparent();
  return value === undefined ? {} : { [annotations.traceparent]: value };
}

function agentTaskOf(
  issue: Issue,
  state: IssueState,
  task: LiveTask,
  row: TaskRow,
  caps: object,
): AgentTask & { metadata: { name: string; namespace: string } } {
  const { name, namespace } = issue.metadata;
  const branch = state.lastWork?.branch;
  const pullRequest = state.pullRequest?.number;
  if (formatFence(row.fence) !== task.fence) throw new TypeError(`task ${task.name} has two fences`);
  return {
    apiVersion,
    kind: 'AgentTask',
    metadata: {
      name: task.name,
      namespace: namespace!,
      labels: {
        [labels.issue]: name!,
        [labels.agent]: task.agent.name,
        [labels.kind]: task.kind,
        [labels.attempt]: String(task.attempt),
      },
      annotations: traceAnnotations(),
    },
    spec: {
      subject: { issueRef: { name: name! } },
      agentRef: { name: task.agent.name },
      kind: task.kind,
      attempt: task.attempt,
      claim: { id: task.claim, epoch: row.fence.epoch, fence: row.fence.sequence },
      ...(branch === undefined ? {} : { branch }),
      ...(pullRequest === undefined ? {} : { pullRequest }),
      ...(task.headSHA === null ? {} : { headSHA: task.headSHA }),
      deadline: new Date(row.deadline).toISOString(),
      caps,
    },
  } as AgentTask & { metadata: { name: string; namespace: string } };
}
