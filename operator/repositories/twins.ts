import type { Repository } from '#crds';
import type { RepositoryFacts } from '#lib/forge';
import { type KubeObject, Stalled } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';

type Object = Repository & KubeObject;

/** The others that stand for the same forge repository, or were found to: whether they may has to be asked again. */
export function twinsOf(repositories: readonly Object[], repository: Object): Object[] {
  return repositories.filter((other) => other.metadata.uid !== repository.metadata.uid && isTwin(repository, other));
}

/** One forge repository belongs to one Repository in the cluster: the oldest. Throws Stalled (DuplicateRepository) for a younger one. */
export function refuseDuplicate(repositories: readonly Object[], repository: Object, facts: RepositoryFacts): void {
  const fullName = `${facts.owner}/${facts.name}`;
  const found = { host: forgeHost(repository), repositoryID: facts.id, fullName };
  const seen = { ...repository, status: { ...repository.status, forge: found } };
  const elder = twinsOf(repositories, seen).find((other) => age(other) < age(repository));
  if (elder)
    throw new Stalled(
      'DuplicateRepository',
      `Repository ${elder.metadata.namespace}/${elder.metadata.name} is older and owns ${fullName}; delete one of the two.`,
    );
}

/** Whether both stand for one forge repository: by its id where the forge has told it of both, else by its name. */
function isTwin(one: Repository, other: Repository): boolean {
  if (forgeHost(one) !== forgeHost(other)) return false;
  const [id, otherId] = [one.status?.forge?.repositoryID, other.status?.forge?.repositoryID];
  if (id !== undefined && otherId !== undefined) return id === otherId;
  return namesOf(one).some((name) => namesOf(other).includes(name));
}

function namesOf({ spec, status }: Repository): string[] {
  const told = status?.forge?.fullName;
  return [`${spec.owner}/${spec.name}`, ...(told === undefined ? [] : [told])].map((name) => name.toLowerCase());
}

/** Orders objects by age; uid breaks the tie of one second. */
function age({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}
