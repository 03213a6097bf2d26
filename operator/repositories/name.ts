import type { Repository } from '#crds';
import type { RepositoryName } from '#lib/forge';
import { type Condition, findCondition, Stalled } from '#lib/kube';

/**
 * What the forge calls a Repository today, which every call names: the spec keeps the name it was made with, and another repository may
 * have taken that since.
 */
export function repositoryName({ spec, status }: Pick<Repository, 'spec' | 'status'>): RepositoryName {
  const [owner, name] = status?.forge?.fullName?.split('/') ?? [];
  return owner && name ? { owner, name } : { owner: spec.owner, name: spec.name };
}

/** Where git and people find a Repository at its forge today, without `.git`: `spec.cloneURL` under the name it has now. */
export function repositoryURL(repository: Pick<Repository, 'spec' | 'status'>): string {
  const { spec } = repository;
  const url = spec.cloneURL.replace(/\.git$/, '');
  const { owner, name } = repositoryName(repository);
  const was = `/${spec.owner}/${spec.name}`.toLowerCase();
  // A URL of another shape leads where the person who wrote it wants.
  return url.toLowerCase().endsWith(was) ? `${url.slice(0, -was.length)}/${owner}/${name}` : url;
}

/** Where git reaches it: `spec.cloneURL` under the name the repository has now. */
export function gitURL(repository: Pick<Repository, 'spec' | 'status'>): string {
  return `${repositoryURL(repository)}${repository.spec.cloneURL.endsWith('.git') ? '.git' : ''}`;
}

/** Why nothing is written to a Repository's forge, whoever asks. */
const CLOSED = new Set<string>([
  'RepositoryArchived',
  'RepositoryNotFound',
  'DuplicateRepository',
  'InstallationRemoved',
  'InstallationSuspended',
  'CredentialsRefused',
  'PushNotAllowed',
]);

/** Throws Stalled where nothing may be written to the Repository's forge: archived, gone, or another's. */
export function mustBeOpen({ metadata, status }: Pick<Repository, 'metadata' | 'status'>): void {
  const stalled = findCondition(status?.conditions as Condition[] | undefined, 'Stalled');
  if (stalled?.status !== 'True' || !CLOSED.has(stalled.reason)) return;
  throw new Stalled(stalled.reason, `Repository ${metadata.name} takes no change now: ${stalled.message}`);
}
