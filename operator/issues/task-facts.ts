import type { AgentTask } from '#crds';
import { type IssueState, liveTasks, type TaskFacts } from '#domain';
import { JOBS, type KubeObject, type Resource } from '#lib/kube';
import { AGENT_TASKS, type Job } from '../objects.ts';
import { type TaskRow, tasksOf } from '../store/tasks.ts';
import type { Conductor } from './context.ts';

/** Where objects are looked for: the caches first. */
export type Looks = Pick<Conductor, 'client'> & {
  readonly objects: { readonly [kind in 'tasks' | 'jobs']: Pick<Conductor['objects'][kind], 'get'> };
};

/** What log and cluster show of the live tasks of an issue, by name. */
export async function readTaskFacts(
  conductor: Conductor,
  namespace: string,
  subject: string,
  state: IssueState,
): Promise<Map<string, TaskFacts>> {
  const live = new Set(liveTasks(state).map(({ name }) => name));
  if (live.size === 0) return new Map();
  const rows = (await tasksOf(conductor.log.pool, subject)).filter(({ name }) => live.has(name));
  const facts = rows.map(async (row) => {
    const pulled = conductor.objects.agents.get(namespace, row.agent.name)?.spec.dispatch === 'pull';
    return [row.name, { ...(await taskFacts(conductor, namespace, row)), pulled }] as const;
  });
  return new Map(await Promise.all(facts));
}

/**
 * What is known of one task. A task that has started has had its objects: one that the caches do not show was deleted, or is not shown yet. Only
 * the API server knows which, so it is asked then, and then alone. Throws where it does not answer.
 */
export async function taskFacts(looks: Looks, namespace: string, row: TaskRow): Promise<TaskFacts> {
  const started = row.startedAt !== null;
  const ref = { namespace, name: row.name };
  const cached = looks.objects.tasks.get(namespace, row.name);
  const task = cached ?? (started ? await looks.client.find(AGENT_TASKS, ref) : undefined);
  return {
    object: shownAs(task, started),
    // What a client runs has no Job; one from before its Agent began to pull says nothing of it.
    jobEnded: row.client !== null ? null : await jobEnded(looks, ref, started && task !== undefined),
    started,
    seenAt: row.seenAt,
    deadline: row.deadline,
  };
}

function shownAs(task: (AgentTask & KubeObject) | undefined, started: boolean): TaskFacts['object'] {
  if (task === undefined) return started ? 'gone' : 'absent';
  return task.metadata.deletionTimestamp === undefined ? 'present' : 'gone';
}

async function jobEnded(
  { objects, client }: Looks,
  ref: { namespace: string; name: string },
  wanted: boolean,
): Promise<TaskFacts['jobEnded']> {
  const cached = objects.jobs.get(ref.namespace, ref.name);
  const job = cached ?? (wanted ? await client.find(JOBS as Resource<Job>, ref) : undefined);
  if (job === undefined) return wanted ? { message: 'the Job was deleted.', infrastructure: true } : null;
  const end = job.status?.conditions?.find(
    (condition) => (condition.type === 'Failed' || condition.type === 'Complete') && condition.status === 'True',
  );
  if (end === undefined) return null;
  const message = end.type === 'Complete' ? 'its process ended with 0.' : (end.message ?? end.reason ?? 'it failed.');
  return { message, infrastructure: end.reason === 'PodFailurePolicy' };
}
