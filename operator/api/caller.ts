import type { Agent, AgentTask, Issue, Repository } from '#crds';
import { callerOf, formatFence, type IssueState, type LiveTask } from '#domain';
import type { TaskTokenAudience } from '#lib/conductor';
import { HttpError } from '#lib/http';
import { correlate } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';
import { repositoryKey } from '../issues/world.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import type { SubjectName } from '../store/project.ts';
import { findTask } from '../store/tasks.ts';
import type { TaskIdentity, TaskTokens } from '../tokens/signer.ts';

/** A live task that is calling, with everything its calls act on. */
export interface TaskCall {
  readonly identity: TaskIdentity;
  readonly subject: SubjectName;
  readonly state: IssueState;
  readonly task: LiveTask;
  readonly object: AgentTask;
  readonly issue: Issue;
  readonly agent: Agent;
  readonly repository: Repository;
  readonly key: RepositoryKey;
}

/** The bearer token of a request; throws HttpError 401 where there is none. */
export function bearerOf(header: string | undefined): string {
  const match = /^Bearer (?<token>\S{1,16384})$/i.exec(header ?? '');
  if (!match?.groups) throw new HttpError('Unauthenticated', 'TokenMissing', 'The request carries no bearer token.');
  return match.groups.token!;
}

/** Verifies the token for the task in the path, without asking whether its claim is live; from there on the request is the issue's. */
export async function identify(
  tokens: TaskTokens,
  path: { namespace: string; task: string },
  header: string | undefined,
  audience: TaskTokenAudience = 'rig-conductor',
): Promise<TaskIdentity> {
  const identity = await tokens.verify(bearerOf(header), [audience]);
  if (identity.namespace !== path.namespace || identity.task !== path.task) {
    throw new HttpError(
      'Forbidden',
      'NotTheTask',
      `The token is of task ${identity.namespace}/${identity.task}, not of ${path.namespace}/${path.task}.`,
    );
  }
  correlate(identity.issue);
  return identity;
}

/** The refusal that every call of a dead fence gets: the caller has to stop. */
export function deadFence(name: string): HttpError {
  return new HttpError(
    'Conflict',
    'DeadFence',
    `Task ${name} no longer holds its claim; stop, nothing it does is taken any more.`,
  );
}

/** The live task behind a verified token; 409 DeadFence once its fence is dead, 503 while an object is not seen yet. */
export async function liveCall(conductor: Conductor, identity: TaskIdentity): Promise<TaskCall> {
  const { namespace, task: name } = identity;
  const row = await findTask(conductor.log.pool, namespace, name);
  if (row === null || row.endedAt !== null || formatFence(row.fence) !== identity.fence) throw deadFence(name);
  const { objects } = conductor;
  const object = objects.tasks.get(namespace, name);
  const issueName = object?.spec.subject.issueRef?.name;
  const issue = issueName === undefined ? undefined : objects.issues.get(namespace, issueName);
  const repository =
    issue === undefined ? undefined : objects.repositories.get(namespace, issue.spec.repositoryRef.name);
  const agent = objects.agents.get(namespace, row.agent.name);
  const key = repositoryKey(repository);
  if (object === undefined || issue === undefined || repository === undefined || agent === undefined || key === null) {
    throw new HttpError(
      'Unavailable',
      'NotSeen',
      `Task ${name}, its Issue, Agent or Repository is not seen yet; ask again.`,
      { retryAfterSeconds: 1 },
    );
  }
  if (object.metadata.uid !== identity.uid) throw deadFence(name);
  const subject = { id: row.subject, namespace, name: issue.metadata.name! };
  const state = await conductor.log.load(subject);
  const task = callerOf(state, { task: name, fence: identity.fence });
  if (task === null) throw deadFence(name);
  return { identity, subject, state, task, object, issue, agent, repository, key };
}

/** Whether the caller holds its claim still, by the log as it is this moment. */
export async function isLive({ log }: Pick<Conductor, 'log'>, { subject, task }: TaskCall): Promise<boolean> {
  return callerOf(await log.load(subject), { task: task.name, fence: task.fence }) !== null;
}
