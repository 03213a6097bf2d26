import type { Issue } from '#crds';
import { type CheckJobFacts, checkKey, type DeployPolicy, type IssueState } from '#domain';
import { isOwnedBy, type KubeObject, PODS, type Resource } from '#lib/kube';
import type { Conductor } from '../../issues/context.ts';
import type { Job } from '../../objects.ts';
import { type PodState, podProblem } from '../../tasks/pod.ts';
import { jobName } from './job.ts';

/** A pod, as far as it says how a command ended. */
interface EndedPod extends KubeObject {
  status?: {
    message?: string;
    containerStatuses?: { state?: { terminated?: { exitCode?: number; reason?: string } } }[];
  };
}

type Pods = Pick<Conductor['client'], 'list'>;

/** The Jobs of the commands that are to be run next, by the rules' keys; one that is not there, or is somebody else's, is left out. */
export async function readChecks(
  { client, objects }: Pick<Conductor, 'client' | 'objects'>,
  issue: Issue & KubeObject,
  { delivery }: IssueState,
  deploy: DeployPolicy,
): Promise<Map<string, CheckJobFacts>> {
  const { namespace, name } = issue.metadata as { namespace: string; name: string };
  const found = new Map<string, CheckJobFacts>();
  for (const check of deploy.checks) {
    const key = checkKey(check, delivery);
    const job = objects.checks.get(namespace, jobName(name, key));
    if (job === undefined || !isOwnedBy(job, issue) || job.metadata.deletionTimestamp !== undefined) continue;
    const ended = await endOf(client, job);
    found.set(key, { ended, problem: ended === null ? await problemOf(client, job) : null });
  }
  return found;
}

/** Of a Job's status alone: nothing that a command prints decides. */
async function endOf(client: Pods, job: Job): Promise<CheckJobFacts['ended']> {
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Failed' || type === 'Complete') && status === 'True',
  );
  if (end === undefined) return null;
  if (end.type === 'Complete') return { passed: true, infrastructure: false, message: 'it ended with 0.' };
  const infrastructure = end.reason === 'PodFailurePolicy';
  const said = infrastructure ? null : await exitOf(client, job);
  return { passed: false, infrastructure, message: said ?? end.message ?? end.reason ?? 'its Job failed.' };
}

/** What the pod says beyond the Job, for the person who reads it; null where there is none or it cannot be read. */
async function exitOf(client: Pods, job: Job): Promise<string | null> {
  const pods = await podsOf<EndedPod>(client, job);
  const ended = pods.flatMap(({ status }) => status?.containerStatuses?.[0]?.state?.terminated ?? []).at(-1);
  const refused = pods.at(-1)?.status?.message;
  if (ended?.exitCode === undefined || ended.exitCode === 0)
    return refused === undefined ? null : `its pod did not run: ${refused}`;
  const why = ended.reason === undefined || ended.reason === 'Error' ? '' : ` (${ended.reason})`;
  return `its command ended with ${ended.exitCode}${why}; kubectl logs of Job ${job.metadata.name} has what it said.`;
}

/** What keeps the pod of a running Job from running: no node, no image. */
async function problemOf(client: Pods, job: Job): Promise<string | null> {
  const pods = await podsOf<PodState>(client, job);
  return pods.map(podProblem).find((problem) => problem !== null)?.message ?? null;
}

async function podsOf<T extends KubeObject>(client: Pods, { metadata }: Job): Promise<T[]> {
  const labelSelector = `batch.kubernetes.io/job-name=${metadata.name}`;
  const options = { namespace: metadata.namespace!, labelSelector };
  const pods = await client.list(PODS as Resource<T>, options).catch(() => ({ items: [] }));
  return pods.items;
}
