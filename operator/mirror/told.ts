import type { Queryable } from '#lib/db';
import type { FactUpdate, TextPart } from '#lib/forge';
import type { RepositoryKey } from './mirror.ts';

/** What is done to an issue that may start or change work. */
export type Deed =
  | `labeled:${string}`
  | `unlabeled:${string}`
  | 'reopened'
  | 'closed'
  | `edited:${TextPart}`
  | `said:${number}`;

/** What a listing keeps for itself about what was done: that it took it, by whom it was, or since when it cannot. */
type Note = `listed:${Deed}@${number}` | `stuck:${string}`;

/** The forge dates what was done and the update it caused by clocks of its own. */
export const CLOCKS_MS = 5_000;

/** A forge's labels know no case. */
export function labeled(label: string): Deed {
  return `labeled:${label.toLowerCase()}`;
}

export function unlabeled(label: string): Deed {
  return `unlabeled:${label.toLowerCase()}`;
}

/** What a delivery tells of an issue that the repository's history will tell as well; none where it tells nothing of that kind. */
function deedsOf(update: Extract<FactUpdate, { kind: 'issue' }>): Deed[] {
  if (update.label !== null) return [(update.label.change === 'added' ? labeled : unlabeled)(update.label.name)];
  if (update.action === 'reopened' || update.action === 'closed') return [update.action];
  return update.edited.map((part) => `edited:${part}` as const);
}

/** A command in the comment of that id. */
export function saidIn(comment: number): Deed {
  return `said:${comment}`;
}

/** Notes that what was done to an issue at `at`, by the forge's clock, has been taken. An older moment changes nothing. */
export async function putTold(
  db: Queryable,
  key: RepositoryKey,
  number: number,
  deed: Deed | Note,
  at: string,
): Promise<void> {
  await db.query(
    `INSERT INTO forge_told AS t (host, repository_id, number, what, at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (host, repository_id, number, what) DO UPDATE SET at = greatest(t.at, excluded.at)`,
    [key.host, key.id, number, deed, at],
  );
}

/** Whether what was done to an issue at `at` has been taken already. */
export async function wasTold(
  db: Queryable,
  key: RepositoryKey,
  number: number,
  deed: Deed | Note,
  at: string,
): Promise<boolean> {
  const { rows } = await db.query(
    'SELECT at FROM forge_told WHERE host = $1 AND repository_id = $2 AND number = $3 AND what = $4',
    [key.host, key.id, number, deed],
  );
  return rows[0] !== undefined && Number(rows[0].at) + CLOCKS_MS >= Date.parse(at);
}

/** Notes what a delivery told of an issue once it has been taken; one that tells nothing of that kind leaves nothing. */
export async function putDelivered(
  db: Queryable,
  key: RepositoryKey,
  update: Extract<FactUpdate, { kind: 'issue' }>,
  at: string,
): Promise<void> {
  for (const deed of deedsOf(update)) await putTold(db, key, update.number, deed, at);
}

type IssueUpdate = Extract<FactUpdate, { kind: 'issue' }>;

/** Notes that a listing took what `actor` did: a delivery of it that is applied later is not taken once more. */
export function putListed(
  db: Queryable,
  key: RepositoryKey,
  number: number,
  deed: Deed,
  actor: number,
  at: string,
): Promise<void> {
  return putTold(db, key, number, `listed:${deed}@${actor}`, at);
}

/** Whether a listing took the label that a delivery tells of. Other deeds do no more when they are taken twice. */
export async function wasListed(db: Queryable, key: RepositoryKey, update: IssueUpdate, at: string): Promise<boolean> {
  const { number, label, actor } = update;
  if (label?.change !== 'added' || actor === null) return false;
  return wasTold(db, key, number, `listed:${labeled(label.name)}@${actor.id}`, at);
}

/** Since when something that was done to an issue cannot be taken, in ms: `now` at the first time. */
export async function stuckSince(
  db: Queryable,
  key: RepositoryKey,
  number: number,
  untaken: string,
  now: number,
): Promise<number> {
  const what: Note = `stuck:${untaken}`;
  const { rows } = await db.query(
    `INSERT INTO forge_told AS t (host, repository_id, number, what, at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (host, repository_id, number, what) DO UPDATE SET at = t.at RETURNING at`,
    [key.host, key.id, number, what, new Date(now)],
  );
  return Number(rows[0].at);
}
