import type { Repository } from '#crds';
import type { KubeObject } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';

/** A forge repository as a delivery names it. */
export interface NamedRepository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
}

/**
 * The Repository that a forge repository belongs to, at each host that has one of this id or name. Where several follow it, the oldest owns
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

/** By the forge's id where it is known; by name, in which a forge knows no case, only before. */
function follows({ spec, status }: Repository, { id, owner, name }: NamedRepository): boolean {
  const known = status?.forge?.repositoryID;
  if (known !== undefined) return known === id;
  return `${spec.owner}/${spec.name}`.toLowerCase() === `${owner}/${name}`.toLowerCase();
}

/** Sorts the eldest first; the uid breaks the tie of one second. */
function seniority({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}
