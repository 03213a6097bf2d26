import { repositoryName } from '../repositories/name.ts';
import { findTask } from '../store/tasks.ts';
import type { Step } from './actions.ts';

/**
 * Posts the question of an agent that asked for a person as a comment on the issue, under the Agent's own forge identity, once for each task.
 * Follows from the log alone, so it is posted whatever dies in between.
 */
export async function postQuestion({ conductor, repository, subject, state }: Step): Promise<void> {
  const number = state.spec?.number ?? null;
  if (state.awaiting?.reason !== 'AskedForPerson' || repository === undefined || number === null) return;
  for (const end of [state.lastEnd.work, state.lastEnd.review]) {
    if (end?.ending !== 'asked') continue;
    const row = await findTask(conductor.log.pool, subject.namespace, end.task);
    const agent = row === null ? undefined : conductor.objects.agents.get(subject.namespace, row.agent.name);
    const { forge } = await (agent === undefined
      ? conductor.forges.forRepository(repository)
      : conductor.forges.forAgent(agent, repository));
    const who = row?.agent.name ?? 'The agent';
    const text = `${who} cannot go on without a person (task ${end.task}):\n\n${end.message}\n\nAnswer by editing the issue: it is then taken up again.`;
    const target = { forge, repo: repositoryName(repository), subject: subject.id, epoch: conductor.leader.epoch };
    await conductor.writes.comment(target, number, `question/${subject.id}/${end.task}`, text);
  }
}
