import { type Action, decideUndelivered, reopeningOf } from '#domain';
import { createOwned, isOwnedBy, JOBS, type KubeObject, type Resource, Stalled } from '#lib/kube';
import type { Step } from '../issues/actions.ts';
import { repositoryKey } from '../issues/world.ts';
import { repositoryName } from '../repositories/name.ts';
import { checkJob, hasImage, jobName } from './checks/job.ts';

/** Makes the Job of one run, which has one name for good: after a crash it is there, or is made. False: its end is told by its status. */
export async function runCheck(step: Step, run: Extract<Action, { do: 'verify' }>): Promise<boolean> {
  const { conductor, issue, repository, state } = step;
  if (repository === undefined) return false;
  const agent = conductor.objects.agents.get(issue.metadata.namespace!, state.lastWork?.agent.name ?? '');
  if (!hasImage(repository, agent))
    throw new Stalled(
      'AgentMissing',
      `There is no Agent ${state.lastWork?.agent.name} any more, whose image ${run.check} would run in: set spec.verify.image of the Repository.`,
    );
  await endChecks(step, run.job);
  const job = checkJob(issue, repository, agent, run);
  await createOwned(conductor.client, JOBS as Resource<KubeObject>, job, issue as never);
  return false;
}

/** Ends Jobs that prove nothing any more: of a deployment before, of a command that is asked for no longer. */
async function endChecks({ conductor, issue }: Step, but: string | null): Promise<void> {
  const { namespace, name } = issue.metadata as { namespace: string; name: string };
  const running = conductor.objects.checks
    .list(namespace)
    .filter((job) => isOwnedBy(job, issue as KubeObject) && (job.status?.conditions ?? []).every(isOpen));
  for (const { metadata } of running)
    if (but === null || metadata.name !== jobName(name, but))
      await conductor.client.delete(JOBS, { namespace, name: metadata.name! }, { uid: metadata.uid });
}

const isOpen = ({ type, status }: { type: string; status: string }) =>
  status !== 'True' || (type !== 'Complete' && type !== 'Failed');

/** Opens the issue at the forge again and says there why, then begins it anew. Each is an effect of its own, done once for a reopening however often it is tried. */
export async function reopen(step: Step, { reason, message }: Extract<Action, { do: 'reopen' }>): Promise<boolean> {
  const { conductor, repository, subject, state, cause } = step;
  const key = repositoryKey(repository);
  const number = state.spec?.number;
  if (repository === undefined || key === null || number == null) return false;
  const { forge } = await conductor.forges.forRepository(repository);
  const repo = repositoryName(repository);
  const target = { forge, repo, subject: subject.id, epoch: conductor.leader.epoch };
  const occasion = `${subject.id}/${reopeningOf(state)}`;
  await endChecks(step, null);
  const opened = await conductor.writes.reopenIssue(target, number, occasion);
  // Its delivery may come after the next look, which would take the issue for one that a person has closed.
  await conductor.mirror.putIssue(conductor.log.pool, key, opened);
  await conductor.writes.comment(
    target,
    number,
    `reopened/${occasion}`,
    `The merged change does not live: ${message}\n\nThe issue is worked again.`,
  );
  await conductor.log.append(subject, cause, (now) => decideUndelivered(now, state, reason, message));
  return true;
}
