import { v7 } from 'uuid';
import { isTransaction, type Queryable } from './database.ts';
import { EventsError } from './errors.ts';

/** What is known of a subject from outside: the uid of its custom resource, its numeric place at the forge, or both. */
export interface SubjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly forge?: { readonly host: string; readonly repoId: number; readonly number?: number };
}

export interface Subject {
  /** A UUIDv7, the name of its stream and the key of its rows, for good. */
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly forgeHost: string | null;
  readonly forgeRepoId: number | null;
  readonly number: number | null;
}

const COLUMNS = `id, kind, namespace, name, uid, forge_host AS "forgeHost", forge_repo_id AS "forgeRepoId", number`;
const ATTEMPTS = 3;
const BY_UID_OR = `SELECT ${COLUMNS} FROM subjects WHERE kind = $1 AND namespace = $2 AND uid = $3
  UNION SELECT ${COLUMNS} FROM subjects WHERE kind = $1 AND namespace = $2 AND forge_host = $4 AND forge_repo_id = $5 AND number`;
const BY_UID_OR_NUMBER = `${BY_UID_OR} = $6`;
const BY_UID_OR_REPOSITORY = `${BY_UID_OR} IS NULL`;

/**
 * The subject of a reference, minted at first sight. It is recognised by its forge place or its uid; what it did not have yet, or has
 * changed (a name, the uid of an Issue applied anew), is written down. Safe to call again and from several processes at once.
 * Throws `SubjectConflict` when uid and forge place belong to two subjects.
 */
export async function ensureSubject(
  db: Queryable,
  ref: SubjectRef,
  mint: () => string = v7,
): Promise<{ subject: Subject; minted: boolean }> {
  // What is written with it there would not wait for the disk either: see insert.
  if (isTransaction(db)) throw new TypeError('a subject is minted outside of transactions');
  for (let attempt = 1; ; attempt += 1) {
    const known = await findSubject(db, ref);
    if (known !== undefined) return { subject: await refresh(db, known, ref), minted: false };
    const minted = await insert(db, ref, mint());
    if (minted !== undefined) return { subject: minted, minted: true };
    // Another process minted it in this instant: look again.
    if (attempt === ATTEMPTS) throw conflict(ref);
  }
}

/** The subject of a reference, or undefined when there is none yet. Throws `SubjectConflict`. */
export async function findSubject(db: Queryable, ref: SubjectRef): Promise<Subject | undefined> {
  // An index serves neither OR over both nor IS NOT DISTINCT FROM: a repository with ten thousand issues would be read whole.
  const by = ref.forge?.number === undefined ? BY_UID_OR_REPOSITORY : BY_UID_OR_NUMBER;
  const asked = [ref.kind, ref.namespace, ref.uid ?? null, ref.forge?.host ?? null, ref.forge?.repoId ?? null];
  const { rows } = await db.query<Subject>(by, ref.forge?.number === undefined ? asked : [...asked, ref.forge.number]);
  if (rows.length > 1) throw conflict(ref);
  return rows[0];
}

/** The subject with this id, or undefined. */
export async function readSubject(db: Queryable, id: string): Promise<Subject | undefined> {
  const { rows } = await db.query<Subject>(`SELECT ${COLUMNS} FROM subjects WHERE id = $1`, [id]);
  return rows[0];
}

/**
 * Does not wait for the disk. The log is written in order, so whoever waits for a later commit, such as that of the first event, has
 * this one with it. A PostgreSQL that is killed before that forgets the subject, whoever remembers it: a stream begins only with its
 * subject there (`named` of EventStore.append), and one that nothing has come of is minted again.
 */
async function insert(db: Queryable, ref: SubjectRef, id: string): Promise<Subject | undefined> {
  const { rows } = await db.query<Subject>(
    `INSERT INTO subjects (id, kind, namespace, name, uid, forge_host, forge_repo_id, number)
     SELECT $1, $2, $3, $4, $5, $6, $7::bigint, $8::int FROM set_config('synchronous_commit', 'off', true)
     ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    [id, ref.kind, ref.namespace, ref.name, ...places(ref)],
  );
  return rows[0];
}

async function refresh(db: Queryable, known: Subject, ref: SubjectRef): Promise<Subject> {
  const [uid, host, repoId, number] = places(ref);
  const same =
    known.name === ref.name &&
    unchanged(known.uid, uid) &&
    unchanged(known.forgeHost, host) &&
    unchanged(known.number, number);
  if (same && unchanged(known.forgeRepoId, repoId)) return known;
  const { rows } = await db.query<Subject>(
    `UPDATE subjects SET name = $2, uid = coalesce($3, uid), forge_host = coalesce($4, forge_host),
       forge_repo_id = coalesce($5, forge_repo_id), number = coalesce($6, number)
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [known.id, ref.name, uid, host, repoId, number],
  );
  return rows[0]!;
}

function unchanged(known: unknown, told: unknown): boolean {
  return told === null || known === told;
}

function places(ref: SubjectRef): [string | null, string | null, number | null, number | null] {
  return [ref.uid ?? null, ref.forge?.host ?? null, ref.forge?.repoId ?? null, ref.forge?.number ?? null];
}

function conflict(ref: SubjectRef): EventsError {
  return new EventsError(
    'SubjectConflict',
    `The ${ref.kind} ${ref.namespace}/${ref.name} is known as two subjects, one by its uid and one by its place at the forge.`,
  );
}
