import type { Repository } from '#crds';
import { type Condition, findCondition, type KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';

/** A forge repository as a delivery names it. */
export interface NamedRepository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
}

/**
 * The Repository that a forge repository belongs to, at each host that has one of this id. Where several follow it, the oldest owns
 * it: what a younger one's secret signed must not speak for it.
 */
export function ownersOf<R extends Repository>(repositories: readonly R[], named: NamedRepository): R[] {
  const owners = new Map<string, R>();
  for (const repository of repositories) {
    if (!follows(repository, named)) continue;
    const host = forgeHost(repository);
    const other = owners.get(host);
    if (other === undefined || seniority(repository) < seniority(other)) owners.set(host, repository);
  }
  return [...owners.values()];
}

/** Those that speak for a forge repository, one for each: found at the forge, and the oldest that follows it. */
export function followers<R extends Repository>(repositories: readonly R[]): R[] {
  const ids = new Set(repositories.flatMap(({ status }) => status?.forge?.repositoryID ?? []));
  return [...ids].flatMap((id) => ownersOf(repositories, { id, owner: '', name: '' }));
}

const OWNS_NOTHING = new Set(['DuplicateRepository', 'PushNotAllowed']);

/**
 * Only by the forge's id, which the conductor read with the Repository's own credentials: a name is anybody's to write down, and whoever
 * could sign for a name could speak for somebody else's repository.
 */
function follows({ status }: Repository, { id }: NamedRepository): boolean {
  const stalled = findCondition(status?.conditions as Condition[] | undefined, 'Stalled');
  return status?.forge?.repositoryID === id && !OWNS_NOTHING.has(stalled?.reason ?? '');
}

/** Sorts the eldest first; the uid breaks the tie of one second. */
function seniority({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}
