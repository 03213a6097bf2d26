import type { Repository } from '#crds';
import { type Forge, ForgeError, type RepositoryFacts } from '#lib/forge';
import { type KubeObject, Retry, Stalled } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';
import { waitingForLimit } from '../forges/limited.ts';
import type { Conductor } from '../issues/context.ts';
import { type ListingMark, putMark, readMarks } from '../mirror/listings.ts';
import { repositoryName } from './name.ts';
import { PUSH_NOT_ALLOWED, refuseDuplicate } from './twins.ts';

type Object = Repository & KubeObject;

/**
 * Finds a Repository at its forge: by the forge's id once that is known, so that a rename or transfer is followed. Costs the forge nothing
 * where nothing changed, and writes nothing of a repository that is another's. Throws Stalled where a person has to act (gone, archived,
 * refused, another's), Waiting for a rate limit, Retry where the forge does not answer.
 */
export async function findRepository(conductor: Conductor, repository: Object): Promise<RepositoryFacts> {
  try {
    const { forge } = await conductor.forges.forRepository(repository);
    const facts = await factsOf(conductor, repository, forge, (told) => requireOwner(conductor, repository, told));
    const whole = { ...facts, defaultBranch: repository.spec.defaultBranch };
    const found = { ...whole, defaultBranchSHA: await tipOf(conductor, repository, forge, whole) };
    const at = new Date(conductor.now()).toISOString();
    await conductor.mirror.putRepository(conductor.log.pool, forgeHost(repository), found, at);
    if (found.archived)
      throw new Stalled(
        'RepositoryArchived',
        `${found.owner}/${found.name} is archived at the forge: unarchive it there to go on, or delete this Repository.`,
      );
    return found;
  } catch (error) {
    throw translate(error, conductor.now(), repository);
  }
}

/** What is known of a forge repository is shared by all that name it, so that only its owner may write it down. */
function requireOwner(conductor: Conductor, repository: Object, facts: RepositoryFacts): void {
  refuseDuplicate(conductor.objects.repositories.list(), repository, facts);
  if (facts.mayPush !== true)
    throw new Stalled(
      PUSH_NOT_ALLOWED,
      `The credentials may not push to ${facts.owner}/${facts.name}, and only who may owns it here; give their account, or their App, write permission.`,
    );
}

/** `admit` throws for a repository that may not be written down. */
async function factsOf(
  conductor: Conductor,
  repository: Object,
  forge: Forge,
  admit: (facts: RepositoryFacts) => void,
): Promise<RepositoryFacts> {
  const id = repository.status?.forge?.repositoryID;
  if (id === undefined) {
    const facts = await forge.repository({ owner: repository.spec.owner, name: repository.spec.name });
    admit(facts);
    return facts;
  }
  const key = { host: forgeHost(repository), id };
  const { pool } = conductor.log;
  const known = await conductor.mirror.repository(pool, key);
  const mark = (await readMarks(pool, key)).get('repository');
  const told = await forge.repositoryIfChanged(id, known.known ? etagOf(mark) : undefined);
  if (told.notModified) {
    // The answer that this stands for was admitted.
    const { value } = known as Extract<typeof known, { known: true }>;
    refuseDuplicate(conductor.objects.repositories.list(), repository, value);
    return value;
  }
  admit(told.value);
  await putMark(pool, key, 'repository', { etag: told.etag, mark: null }, conductor.now());
  return told.value;
}

async function tipOf(
  conductor: Conductor,
  repository: Repository,
  forge: Forge,
  { id, owner, name, defaultBranch }: RepositoryFacts,
): Promise<string> {
  const key = { host: forgeHost(repository), id };
  const { pool } = conductor.log;
  const listing = `tip:${defaultBranch}` as const;
  const mark = (await readMarks(pool, key)).get(listing);
  // The mark is the tip that came with the ETag: the mirror's may be a delivery's, of another moment.
  const told = await forge.branchIfChanged(
    { owner, name },
    defaultBranch,
    mark?.mark == null ? undefined : etagOf(mark),
  );
  const tip = told.notModified ? mark!.mark : told.value;
  if (tip === null)
    throw new Stalled(
      'RepositoryNotReady',
      `${owner}/${name} has no branch ${defaultBranch}; push one, or correct spec.defaultBranch.`,
    );
  if (!told.notModified) await putMark(pool, key, listing, { etag: told.etag, mark: tip }, conductor.now());
  return tip;
}

function etagOf(mark: ListingMark | undefined): string | undefined {
  return mark?.etag ?? undefined;
}

function translate(error: unknown, now: number, repository: Repository): unknown {
  if (!(error instanceof ForgeError)) return error;
  const { owner, name } = repositoryName(repository);
  const which = `${owner}/${name}`;
  const stalled = (reason: Stalled['reason'], message: string) => new Stalled(reason, message, { cause: error });
  switch (error.code) {
    case 'NotFound':
      return stalled(
        'RepositoryNotFound',
        repository.status?.forge?.repositoryID === undefined
          ? `The forge has no repository ${which}, or the credentials cannot see it.`
          : `The forge has no repository ${which} any more, or the credentials cannot see it since: it was deleted, or went where they do not reach.`,
      );
    case 'InstallationRemoved':
    case 'InstallationSuspended':
      return stalled(error.code, error.message);
    case 'Unauthorized':
    case 'Forbidden':
      return stalled('CredentialsRefused', `The forge refuses the credentials for ${which}: ${error.message}`);
    default:
      return (
        waitingForLimit(error, now) ??
        new Retry('ForgeUnreachable', `The forge does not answer for ${which}: ${error.message}`, { cause: error })
      );
  }
}
