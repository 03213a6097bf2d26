import type { Repository } from '#crds';
import type { Actor } from '#lib/forge';
import { forgeHost } from '../forges/forges.ts';
import { readAgents } from '../issues/agents.ts';
import type { Conductor } from '../issues/context.ts';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { within } from './within.ts';

/** Whether an account may ask for something. `machine`: a bot, the conductor or an Agent, who is not even answered. `why` is a clause. */
export type Standing =
  | { readonly may: true }
  | { readonly may: false; readonly machine: boolean; readonly why: string };

/** Where a delivery says that the repository is, by now. */
export interface Place {
  readonly repositoryId: number;
  readonly owner: string;
  readonly repository: string;
}

/** How long a forge may take to say who may, in ms. */
const ASK_MS = 5_000;

/**
 * Whether `actor` is a person with write permission, asked at the forge now and noted in the mirror; for what is `said`, one of whom it is
 * noted that they may not, as long as that counts, is refused without. Rejects with ForgeError where the forge
 * does not say, or not within 5 s: unknown never passes. Nor does, for what is `said`, an account that could be that of an Agent: agents can have comments
 * written, but put on no label and edit no text.
 */
export async function standingOf(
  conductor: Conductor,
  repository: Repository,
  place: Place,
  actor: Actor | null,
  { said = false }: { readonly said?: boolean } = {},
): Promise<Standing> {
  if (actor === null) return no('nobody is named who asks', true);
  return within(ASK_MS, () => judged(conductor, repository, place, actor, said));
}

async function judged(
  conductor: Conductor,
  repository: Repository,
  place: Place,
  actor: Actor,
  said: boolean,
): Promise<Standing> {
  const { forge, actor: conductorAccount } = await conductor.forges.forRepository(repository);
  if (actor.kind === 'bot' || actor.id === conductorAccount.id) return no(`${actor.login} is no person`, true);
  const { accounts, unaccounted } = await readAgents(conductor, repository.metadata.namespace!, repository);
  if (accounts.has(actor.id)) return no(`${actor.login} is the account of an Agent`, true);
  if (said && unaccounted.length > 0)
    return no(
      `${actor.login} could be the account of Agent ${unaccounted.join(', ')}, whose forge credentials cannot be used (mend their Secret)`,
    );
  const key: RepositoryKey = { host: forgeHost(repository), id: place.repositoryId };
  const refused = no(`${actor.login} may not write to the repository`);
  // Asked of the forge only where it may be a yes: whoever only talks costs none of the conductor's calls.
  if (said && (await knownToLack(conductor, key, actor))) return refused;
  const permission = await forge.permission({ owner: place.owner, name: place.repository }, actor.login, actor.id);
  await conductor.mirror.putPermission(conductor.log.pool, key, actor, permission);
  return permission === 'admin' || permission === 'write' ? { may: true } : refused;
}

/** Whether who wrote something is known to be a person: no bot, not the conductor, and no account that an Agent has, had, or may have. */
export async function isPerson(conductor: Conductor, repository: Repository, { id, kind }: Actor): Promise<boolean> {
  const { actor: conductorAccount } = await conductor.forges.forRepository(repository);
  if (kind === 'bot' || id === conductorAccount.id) return false;
  const { accounts, unaccounted } = await readAgents(conductor, repository.metadata.namespace!, repository);
  return unaccounted.length === 0 && !accounts.has(id);
}

async function knownToLack({ mirror, log, policy }: Conductor, key: RepositoryKey, { id }: Actor): Promise<boolean> {
  const known = (await mirror.permissions(log.pool, key, [id], policy.factMaxAge)).get(id);
  return known === 'read' || known === 'none';
}

function no(why: string, machine = false): Standing {
  return { may: false, machine, why };
}
