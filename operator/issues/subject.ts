import type { Issue } from '#crds';
import { ensureSubject, findSubject, type Subject, type SubjectRef } from '#lib/events';
import { type KubeObject, Stalled, Waiting } from '#lib/kube';
import { issuesNumbered, numberOf, type Objects } from '../objects.ts';
import { repositoryPolicy } from '../repositories/policy.ts';
import type { Conductor } from './context.ts';
import { elderOf } from './twins.ts';
import { repositoryKey } from './world.ts';

/** Its Repository tells when it is found; this is for what nobody told. */
const UNPLACED_MS = 300_000;

/**
 * The streams of events of Issues, each found in the database once for as long as its name and its place at the forge stay. One that is to
 * begin and is missing there (EventsError SubjectMissing) has to be forgotten: the database was killed before it was on the disk.
 */
export class Subjects {
  readonly #known = new Map<string, { readonly foundBy: string; readonly subject: Subject }>();

  /**
   * The stream of an Issue, made when it is first asked for. Throws `Stalled` when an older Issue works the same issue of the forge: one is
   * worked by one object. Throws `Waiting` for a number that may have a stream already and whose place at the forge is not known yet.
   */
  async of(conductor: Conductor, issue: Issue & KubeObject): Promise<Subject> {
    const ref = refOf(conductor.objects, issue);
    const foundBy = JSON.stringify(ref);
    const known = this.#known.get(ref.uid);
    if (known?.foundBy === foundBy) return known.subject;
    const unplaced = numberOf(issue) !== undefined && ref.forge === undefined;
    const { subject, minted } = unplaced
      ? { subject: await standing(conductor, issue, ref), minted: false }
      : await ensureSubject(conductor.log.pool, ref);
    if (minted) conductor.log.expectEmpty(subject.id);
    this.#known.set(ref.uid, { foundBy, subject });
    return subject;
  }

  /** The Issue with this uid is gone, or its subject is. */
  forget(uid: string): void {
    this.#known.delete(uid);
  }
}

/** The stream that an Issue has by its uid. An Issue applied anew has its number's, which is found once its Repository is. */
async function standing({ log, objects, now }: Conductor, issue: Issue, ref: SubjectRef): Promise<Subject> {
  const subject = await findSubject(log.pool, ref);
  if (subject !== undefined) return subject;
  const { name } = issue.spec.repositoryRef;
  const repository = objects.repositories.get(ref.namespace, name);
  const policy = repositoryPolicy(repository, name, now());
  const why = policy.known ? `Repository ${name} has not been found at the forge yet.` : policy.why;
  throw new Waiting(UNPLACED_MS, repository === undefined ? 'RepositoryMissing' : 'RepositoryNotReady', why);
}

function refOf(objects: Objects, issue: Issue & KubeObject): SubjectRef & { readonly uid: string } {
  const { namespace, name, uid } = issue.metadata as { namespace: string; name: string; uid: string };
  const key = repositoryKey(objects.repositories.get(namespace, issue.spec.repositoryRef.name));
  const number = numberOf(issue);
  if (number !== undefined) refuseTwin(objects, issue, number);
  const forge = key === null || number === undefined ? {} : { forge: { host: key.host, repoId: key.id, number } };
  return { kind: 'Issue', namespace, name, uid, ...forge };
}

function refuseTwin(objects: Objects, issue: Issue & KubeObject, number: number): void {
  const elder = elderOf(issuesNumbered(objects, issue, number), issue);
  if (elder)
    throw new Stalled(
      'DuplicateIssue',
      `Issue ${elder.metadata.name} is older and works #${number} already; delete one of the two.`,
    );
}
