import { repositoryName } from '../repositories/name.ts';
import type { Step } from './actions.ts';

/**
 * Closes the forge's issue of a parent that finished with its children, which no merge does: once for each time that it was asked for. Follows
 * from the log alone, so it is done whatever dies in between.
 */
export async function closeFinished({ conductor, repository, subject, state, world }: Step): Promise<void> {
  const number = state.spec?.number ?? null;
  const finished = state.ending?.kind === 'Done' && state.children.length > 0;
  if (!finished || world.forgeIssueClosed || repository === undefined || number === null) return;
  const { forge } = await conductor.forges.forRepository(repository);
  const target = { forge, repo: repositoryName(repository), subject: subject.id, epoch: conductor.leader.epoch };
  await conductor.writes.closeIssue(target, number, `${subject.id}/${state.filedAt}`);
}
