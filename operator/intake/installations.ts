import type { Repository } from '#crds';
import type { TakenDelivery } from '#lib/events';
import type { InstallationUpdate } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';
import type { Conductor } from '../issues/context.ts';
import { noteAccess, repositoriesOf } from './hooks.ts';
import { followers } from './owners.ts';
import { signersOf } from './signers.ts';

/** Tells that a Repository has to be looked at again. */
export type OnRepository = (repository: Repository & KubeObject) => void;

/**
 * What a delivery says of an App's installation, noted for each Repository that it is about and whose own secret signed it: a tenant's
 * secret says nothing of another's repository. The row is a hint; the Repository's controller asks the forge. Answers one sentence.
 */
export async function applyInstallation(
  conductor: Conductor,
  update: InstallationUpdate,
  delivery: TakenDelivery,
  onRepository: OnRepository,
): Promise<string> {
  const repositories = conductor.objects.repositories.list();
  const { signers } = await signersOf(
    repositories,
    (repository) => conductor.forges.webhookSecret(repository),
    delivery.body,
    delivery.headers['x-hub-signature-256'],
  );
  const at = moment(update, delivery);
  let told = 0;
  for (const repository of followers(repositories)) {
    if (!signers.has(repository) || !(await concerns(conductor, update, repository))) continue;
    const key = { host: forgeHost(repository), id: repository.status!.forge!.repositoryID! };
    await noteAccess(conductor.log.pool, key, update.access, at, update.installationId);
    onRepository(repository);
    told += 1;
  }
  return told === 0
    ? `Installation ${update.installationId} reaches no Repository whose secret signed this.`
    : `Installation ${update.installationId} is ${update.access} for ${told} of the Repositories; each is looked at again.`;
}

/** Never later than the delivery came: a date of the sender's that lies ahead would outlast what follows. */
function moment({ updatedAt }: InstallationUpdate, { receivedAt }: TakenDelivery): Date {
  return updatedAt === null || Date.parse(updatedAt) > receivedAt.getTime() ? receivedAt : new Date(updatedAt);
}

async function concerns(
  conductor: Conductor,
  { repositories, installationId }: InstallationUpdate,
  repository: Repository,
): Promise<boolean> {
  const id = repository.status!.forge!.repositoryID!;
  if (repositories !== null) return repositories.includes(id);
  return (await repositoriesOf(conductor.log.pool, forgeHost(repository), installationId)).includes(id);
}
