import type { Repository } from '#crds';
import type { RepositoryFacts } from '#lib/forge';
import { type Condition, findCondition, type KubeObject, Stalled } from '#lib/kube';
import { forgeHost } from '../forges/forges.ts';

type Object = Repository & KubeObject;

/** Says of a Repository that it owns nothing: its credentials cannot do what owning is for. */
export const PUSH_NOT_ALLOWED = 'PushNotAllowed';

/** Whether a Repository was found unable to push: it keeps nobody else from owning the forge repository. */
export function isPowerless({ status }: Repository): boolean {
  return findCondition(status?.conditions as Condition[] | undefined, 'Stalled')?.reason === PUSH_NOT_ALLOWED;
}

/** The others that stand for the same forge repository, or were found to: whether they may has to be asked again. */
export function twinsOf(repositories: readonly Object[], repository: Object): Object[] {
  return repositories.filter((other) => other.metadata.uid !== repository.metadata.uid && isTwin(repository, other));
}

/** One forge repository belongs to one Repository in the cluster: the oldest that may push. Throws Stalled (DuplicateRepository) for a younger one. */
export function refuseDuplicate(repositories: readonly Object[], repository: Object, facts: RepositoryFacts): void {
  const fullName = `${facts.owner}/${facts.name}`;
  const found = { host: forgeHost(repository), repositoryID: facts.id, fullName };
  const seen = { ...repository, status: { ...repository.status, forge: found } };
  const elder = twinsOf(repositories, seen).find((other) => !isPowerless(other) && age(other) < age(repository));
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
