import type { Repository } from '#crds';
import type { Forge } from '#lib/forge';
import type { Remote } from '#lib/git';
import type { RepositoryKey } from '../mirror/mirror.ts';
import { gitURL } from '../repositories/name.ts';

/** The forge's git of a Repository, as the copies of it are brought up to date by; with the credential of `forge`, to its origin alone. */
export async function remoteOf(
  forge: Pick<Forge, 'gitAuthorization'>,
  key: RepositoryKey,
  repository: Repository,
): Promise<Remote> {
  const url = gitURL(repository);
  return { ...key, url, authorization: { origin: new URL(url).origin, ...(await forge.gitAuthorization()) } };
}
