import type { Issue } from '#crds';
import { HttpError } from '#lib/http';
import type { Conductor } from '../issues/context.ts';
import { listQueue } from '../store/queue.ts';
import { runningByAgent } from '../store/tasks.ts';

const PAGE = 500;
const OPEN = new Set([
  'Pending',
  'Queued',
  'Planning',
  'AwaitingHuman',
  'Implementing',
  'InReview',
  'Merging',
  'Deploying',
  undefined,
]);

/** GET …/issues?state=open|closed|PHASE&after=NAME&limit=: by name. `after` of the answer continues the listing; null at its end. */
export function listIssues(
  conductor: Conductor,
  namespace: string,
  query: { state?: string; after?: string; limit?: string },
): { issues: object[]; after: string | null } {
  const limit = Math.min(Math.max(Math.floor(Number(query.limit ?? PAGE)) || PAGE, 1), PAGE);
  const wanted = stateFilter(query.state);
  const all = conductor.objects.issues
    .list(namespace)
    .filter((issue) => wanted(issue) && issue.metadata.name! > (query.after ?? ''))
    .sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1));
  const page = all.slice(0, limit);
  return { issues: page.map(issueView), after: all.length > limit ? page.at(-1)!.metadata.name! : null };
}

function stateFilter(state: string | undefined): (issue: Issue) => boolean {
  switch (state) {
    case undefined:
      return () => true;
    case 'open':
      return (issue) => OPEN.has(issue.status?.phase);
    case 'closed':
      return (issue) => !OPEN.has(issue.status?.phase);
    default:
      if (!/^[A-Z][A-Za-z]{1,20}$/.test(state))
        throw new HttpError('BadRequest', 'BadState', 'state is open, closed, or a phase such as InReview.');
      return (issue) => issue.status?.phase === state;
  }
}

function issueView(issue: Issue): object {
  const { status, spec, metadata } = issue;
  return {
    name: metadata.name,
    repository: spec.repositoryRef.name,
    number: status?.number ?? spec.number ?? null,
    title: spec.title,
    priority: spec.priority,
    phase: status?.phase ?? 'Pending',
    tier: status?.effectiveTier ?? null,
    why: status?.why ?? null,
    assignedTo: status?.assignedTo ?? null,
    attempts: status?.attempts ?? 0,
    pullRequest: status?.pullRequest ?? null,
    gates: status?.gates ?? [],
    createdAt: metadata.creationTimestamp,
  };
}

/** GET …/queue: what waits for an Agent, in the order in which it is served. */
export async function queueView(conductor: Conductor, namespace: string): Promise<object> {
  const entries = await listQueue(conductor.log.pool, namespace, PAGE);
  return {
    queue: entries.map((entry) => ({
      ...entry,
      filedAt: new Date(entry.filedAt).toISOString(),
      enqueuedAt: new Date(entry.enqueuedAt).toISOString(),
    })),
  };
}

/** GET …/agents: the personas, what they run and whether they take work. */
export async function agentsView(conductor: Conductor, namespace: string): Promise<object> {
  const running = await runningByAgent(conductor.log.pool);
  const agents = conductor.objects.agents.list(namespace).map(({ metadata, spec, status }) => ({
    name: metadata.name,
    role: spec.role,
    model: spec.models.default?.model ?? null,
    concurrency: spec.concurrency,
    running: running.get(metadata.uid!) ?? 0,
    suspended: spec.suspend,
    ready: status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True',
  }));
  return { agents };
}
