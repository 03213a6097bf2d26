import { type DomainEvent, type IssueState, release } from '#domain';
import { ISSUES } from '../objects.ts';
import type { Cause } from '../store/log.ts';
import { together } from '../store/together.ts';
import type { Conductor } from './context.ts';

/**
 * Records that the Issue objects of this name are gone, all but the one with the uid `present`: their claims end, their tasks are cancelled, and
 * nothing recreates them by itself. A cache may be behind: what the API server shows is not gone, and it is asked where something open would end.
 */
export async function reconcileDeleted(
  conductor: Conductor,
  namespace: string,
  name: string,
  cause: Cause,
  present: string | null = null,
): Promise<void> {
  const { log, client } = conductor;
  const rows = (await named(log.pool, { namespace, name })).filter(({ uid }) => uid !== present);
  const states = await Promise.all(rows.map((row) => log.load(row)));
  const open = rows.filter((_, index) => tombstone(states[index]!).length > 0);
  if (open.length === 0) return;
  const live = await client.find(ISSUES, { namespace, name });
  const there = live?.metadata.deletionTimestamp === undefined ? live?.metadata.uid : undefined;
  for (const { id, uid } of open) if (uid !== there) await log.append({ id, namespace, name }, cause, tombstone);
}

/** The subjects that an Issue object of this name has, or had. */
const named = together<{ namespace: string; name: string }, { id: string; uid: string }[]>({
  name: ({ namespace, name }) => `${namespace}/${name}`,
  read: async (db, batch) => {
    const { rows } = await db.query<{ n: string; id: string; uid: string }>(
      `SELECT n, id, uid FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (namespace, name, n) JOIN subjects USING (namespace, name)
       WHERE kind = 'Issue' AND uid IS NOT NULL`,
      [batch.map(({ namespace }) => namespace), batch.map(({ name }) => name)],
    );
    return batch.map((_, at) => rows.filter(({ n }) => Number(n) === at + 1));
  },
});

/** Subjects that one statement looks at; it ends within milliseconds however long the history is. */
const PAGE = 5_000;

/**
 * {@link reconcileDeleted} for every Issue that was deleted while no conductor watched. Call it with the caches filled. Of every subject the
 * newest event is looked at (20,000 took half a second on a busy machine); only those without an ending are read.
 */
export async function recordDeletions(conductor: Conductor, cause: Cause): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await conductor.log.pool.query(
      `SELECT s.id, s.namespace, s.name, last.type IN ('ISSUE_DONE', 'ISSUE_FAILED', 'ISSUE_CANCELLED') AS ended
       FROM (SELECT id, namespace, name FROM subjects WHERE kind = 'Issue' AND uid IS NOT NULL AND id > $1 ORDER BY id LIMIT $2) AS s
       LEFT JOIN LATERAL (SELECT type FROM events WHERE stream = s.id ORDER BY version DESC LIMIT 1) AS last ON true ORDER BY s.id`,
      [after, PAGE],
    );
    for (const { namespace, name, ended } of rows)
      if (ended === false && conductor.objects.issues.get(namespace, name) === undefined)
        await reconcileDeleted(conductor, namespace, name, cause);
    if (rows.length < PAGE) return;
    after = rows.at(-1).id;
  }
}

function tombstone(state: IssueState): DomainEvent[] {
  if (state.spec === null || state.ending !== null) return [];
  const message = 'The Issue object was deleted.';
  const reason = 'CancelledByPerson';
  return [...release(state, reason, message), { type: 'ISSUE_CANCELLED', data: { reason, message } }];
}
