import type { Conductor } from '../issues/context.ts';
import type { TaskCall } from './caller.ts';

/** Accounts of the reviewer Agents of the task's namespace; an account that cannot be read is nobody's. */
export async function reviewerIds(conductor: Conductor, call: TaskCall): Promise<Set<number>> {
  const reviewers = conductor.objects.agents
    .list(call.subject.namespace)
    .filter((agent) => agent.spec.role === 'reviewer' && agent.spec.forgeCredentialsSecretRef !== undefined);
  const accounts = await Promise.all(
    reviewers.map((agent) => conductor.forges.forAgent(agent, call.repository).catch(() => null)),
  );
  return new Set(accounts.flatMap((account) => (account === null ? [] : [account.actor.id])));
}
