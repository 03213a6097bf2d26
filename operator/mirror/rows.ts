import type { ForgeIssueFacts, RepositoryFacts } from '#lib/forge';
import { together } from '../store/together.ts';
import type { RepositoryKey } from './mirror.ts';

/** What every look at an issue reads of its repository; null where nothing is known. */
export const repositoryRow = together<RepositoryKey, { facts: RepositoryFacts; observed_at: Date } | null>({
  name: ({ host, id }) => `${host}/${id}`,
  read: async (db, batch) => {
    const { rows } = await db.query(
      `SELECT n, facts, observed_at FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS asked (host, id, n)
       JOIN forge_repositories USING (host, id)`,
      [batch.map(({ host }) => host), batch.map(({ id }) => id)],
    );
    return inOrder(batch, rows);
  },
});

/** What every look at an issue reads of the issue at its forge; null where nothing is known. */
export const issueRow = together<
  { readonly key: RepositoryKey; readonly number: number },
  { facts: ForgeIssueFacts; gone: boolean; observed_at: Date } | null
>({
  name: ({ key, number }) => `${key.host}/${key.id}#${number}`,
  read: async (db, batch) => {
    const { rows } = await db.query(
      `SELECT n, facts, gone, observed_at FROM unnest($1::text[], $2::bigint[], $3::int[]) WITH ORDINALITY AS asked (host, repository_id, number, n)
       JOIN forge_issues USING (host, repository_id, number)`,
      [batch.map(({ key }) => key.host), batch.map(({ key }) => key.id), batch.map(({ number }) => number)],
    );
    return inOrder(batch, rows);
  },
});

/** `n` of a row is the place of what it answers, from 1. */
function inOrder<R extends { n: number }>(batch: readonly unknown[], rows: readonly R[]): (R | null)[] {
  const byPlace = new Map(rows.map((row) => [Number(row.n), row]));
  return batch.map((_, at) => byPlace.get(at + 1) ?? null);
}
