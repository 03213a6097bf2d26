import type { Issue } from '#crds';
import { ensureSubject, type Subject } from '#lib/events';
import { type KubeObject, Stalled } from '#lib/kube';
import { issuesNumbered, numberOf, type Objects } from '../objects.ts';
import type { Conductor } from './context.ts';
import { repositoryKey } from './world.ts';

/**
 * The stream of events of an Issue, made when it is first asked for. Throws `Stalled` when an older Issue works the same issue of the
 * forge: one is worked by one object.
 */
export async function subjectOf({ objects, log }: Conductor, issue: Issue & KubeObject): Promise<Subject> {
  const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
  const key = repositoryKey(objects.repositories.get(namespace, issue.spec.repositoryRef.name));
  const number = numberOf(issue);
  if (number !== undefined) refuseTwin(objects, issue, number);
  const forge = key === null || number === undefined ? {} : { forge: { host: key.host, repoId: key.id, number } };
  const { subject } = await ensureSubject(log.pool, { kind: 'Issue', namespace, name, uid, ...forge });
  return subject;
}

function refuseTwin(objects: Objects, issue: Issue & KubeObject, number: number): void {
  const elder = issuesNumbered(objects, issue, number).find(
    (other) => other.metadata.deletionTimestamp === undefined && age(other) < age(issue),
  );
  if (elder)
    throw new Stalled(
      'DuplicateIssue',
      `Issue ${elder.metadata.name} is older and works #${number} already; delete one of the two.`,
    );
}

/** Orders objects by age; the uid breaks the tie of one second. */
function age({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}
