import { egressHosts, formatFence } from '#domain';
import type { EgressResponse } from '#lib/conductor';
import { HttpError } from '#lib/http';
import type { Conductor } from '../issues/context.ts';
import { findTask } from '../store/tasks.ts';
import type { TaskIdentity } from '../tokens/signer.ts';
import { deadFence } from './caller.ts';

/**
 * Where a task may connect to now, by its Repository as it is now, so that an edit holds for tasks that run. Throws HttpError: 409 once the task
 * is gone, 503 while its Issue or Repository is not seen yet.
 */
export async function egressOf(conductor: Conductor, identity: TaskIdentity): Promise<EgressResponse> {
  const { namespace, task } = identity;
  const { objects, log } = conductor;
  const row = await findTask(log.pool, namespace, task);
  if (row === null) throw deadFence(task);
  const live = row.endedAt === null && formatFence(row.fence) === identity.fence;
  const subject = objects.tasks.get(namespace, task)?.spec.subject;
  const issue = subject?.issueRef === undefined ? undefined : objects.issues.get(namespace, subject.issueRef.name);
  const name = subject?.repositoryRef?.name ?? issue?.spec.repositoryRef.name;
  const repository = name === undefined ? undefined : objects.repositories.get(namespace, name);
  if (repository === undefined)
    throw new HttpError('Unavailable', 'NotSeen', `The Repository of task ${task} is not seen yet; ask again.`, {
      retryAfterSeconds: 1,
    });
  return { live, fence: identity.fence, repository: name!, allow: egressHosts(repository.spec.egress) };
}
