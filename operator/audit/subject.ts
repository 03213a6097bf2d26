import type { Issue } from '#crds';
import type { Queryable } from '#lib/db';
import { ensureSubject, findSubject, isEventsError, type Subject, type SubjectRef } from '#lib/events';
import type { KubeObject } from '#lib/kube';
import { elderOf } from '../issues/twins.ts';
import { repositoryKey } from '../issues/world.ts';
import { numberOf } from '../objects.ts';
import { keyOf, type Traces } from './remains.ts';

/**
 * The stream of an Issue as the conductor finds it, by uid and by place at the forge: the object may have been made again in the lost time. Null
 * where the conductor works none for it: a younger twin of its number, one that two streams are known of, and one that has none yet and whose
 * place nobody knows.
 */
export async function subjectOf(db: Queryable, traces: Traces, issue: Issue & KubeObject): Promise<Subject | null> {
  const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
  const ref = { kind: 'Issue', namespace, name, uid };
  const number = numberOf(issue);
  if (number === undefined) return (await ensureSubject(db, ref)).subject;
  if (elderOf(numbered(traces, issue, number), issue)) return null;
  const forge = placeOf(traces, issue, number);
  try {
    return forge === undefined
      ? ((await findSubject(db, ref)) ?? null)
      : (await ensureSubject(db, { ...ref, forge })).subject;
  } catch (error) {
    if (isEventsError(error, 'SubjectConflict')) return null;
    throw error;
  }
}

function placeOf({ repositories }: Traces, issue: Issue, number: number): SubjectRef['forge'] {
  const key = repositoryKey(repositories.find((one) => keyOf(one) === repositoryOf(issue)));
  return key === null ? undefined : { host: key.host, repoId: key.id, number };
}

function numbered({ issues }: Traces, issue: Issue, number: number): (Issue & KubeObject)[] {
  return issues.filter((other) => repositoryOf(other) === repositoryOf(issue) && numberOf(other) === number);
}

function repositoryOf({ metadata, spec }: Issue): string {
  return `${metadata.namespace}/${spec.repositoryRef.name}`;
}
