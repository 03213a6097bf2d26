import type { TakenDelivery } from '#lib/events';
import type { FactUpdate, ParsedDelivery } from '#lib/forge';
import type { Logger } from '#lib/observe';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { putDelivered, putTold, saidIn, wasListed } from '../mirror/told.ts';
import { affectedIssues } from './affected.ts';
import { spokenIn } from './command-line.ts';
import type { CommandIntake } from './commands.ts';
import { applyInstallation, type OnRepository } from './installations.ts';
import type { IssueIntake } from './issues.ts';
import { applyToMirror } from './mirror.ts';
import { ownersOf } from './owners.ts';
import { traceDelivery } from './trace.ts';

/** What follows from deliveries, and who is told of it. */
export interface Followers {
  readonly conductor: Conductor;
  readonly intake: IssueIntake;
  readonly commands: CommandIntake;
  readonly onAffected: (issue: { namespace: string; name: string }) => void;
  /** A delivery says that a Repository stands otherwise at the forge than it did. */
  readonly onRepository?: OnRepository;
  readonly logger: Logger;
}

export interface Applied {
  readonly outcome: 'applied' | 'ignored';
  /** One sentence, or more. */
  readonly detail: string;
}

const ABOUT_REPOSITORY: ReadonlySet<FactUpdate['kind']> = new Set(['repository', 'rules', 'hook-gone', 'ping']);

/** What a delivery is about: deliveries of one lane are applied one after the other. */
export function laneOf({ headers }: TakenDelivery, { updates, installation }: ParsedDelivery): string {
  if (installation !== null) return 'installations';
  return updates[0] === undefined ? 'nothing' : `${headers['rig-forge-host'] ?? ''}/${updates[0].repositoryId}`;
}

/**
 * Does all that follows from one delivery; doing it again changes nothing. `mayAsk` is called before a forge has to be asked who may, behind
 * what is noted without: it throws where that is not to be asked now.
 */
export async function follow(
  followers: Followers,
  delivery: TakenDelivery,
  { updates, installation, ignored }: ParsedDelivery,
  mayAsk: () => void,
): Promise<Applied> {
  if (ignored !== null) return { outcome: 'ignored', detail: ignored };
  const { conductor, onRepository = () => {} } = followers;
  if (installation !== null)
    return { outcome: 'applied', detail: await applyInstallation(conductor, installation, delivery, onRepository) };
  const details: string[] = [];
  // A pull request's own row first: what is noted beside it needs one.
  const ordered = updates.toSorted((a, b) => Number(b.kind === 'pull-request') - Number(a.kind === 'pull-request'));
  for (const update of ordered) details.push(await followUpdate(followers, update, delivery, mayAsk));
  return { outcome: 'applied', detail: details.join(' ').slice(0, 2_000) };
}

async function followUpdate(
  { conductor, intake, commands, onAffected, onRepository, logger }: Followers,
  update: FactUpdate,
  delivery: TakenDelivery,
  mayAsk: () => void,
): Promise<string> {
  const host = delivery.headers['rig-forge-host'] ?? '';
  const key: RepositoryKey = { host, id: update.repositoryId };
  const { pool } = conductor.log;
  const at = update.updatedAt ?? delivery.receivedAt.toISOString();
  const noted = await applyToMirror(conductor, key, update, delivery.receivedAt);
  const named = { id: update.repositoryId, owner: update.owner, name: update.repository };
  const followers = ownersOf(conductor.objects.repositories.list(), named).filter(
    (repository) => forgeHost(repository) === host,
  );
  const said: string[] = [];
  if (asks(update)) mayAsk();
  for (const repository of followers) {
    if (update.kind === 'issue' && update.gone === null)
      said.push(
        (await wasListed(pool, key, update, at))
          ? 'A listing found it before.'
          : await intake.take(repository, update, delivery.id),
      );
    if (update.kind === 'comment') said.push(await commands.take(repository, update, delivery.id));
  }
  if (update.kind === 'comment' && spokenIn(update.facts.body) !== null)
    await putTold(pool, key, update.number, saidIn(update.facts.id), update.facts.createdAt);
  // Behind what was done about it: what could not be taken is for a listing to find.
  if (update.kind === 'issue') await putDelivered(pool, key, update, at);
  if (ABOUT_REPOSITORY.has(update.kind)) for (const repository of followers) onRepository?.(repository);
  const affected = await affectedIssues(conductor, key, followers, update);
  for (const issue of affected) onAffected(issue);
  await traceDelivery(pool, logger, delivery, affected);
  return [noted, ...said].join(' ');
}

/** Whether the forge may have to say who may do what was done. */
function asks(update: FactUpdate): boolean {
  if (update.kind === 'comment') return true;
  return (
    update.kind === 'issue' &&
    update.gone === null &&
    (update.label !== null || update.edited.length > 0 || update.reopened)
  );
}
