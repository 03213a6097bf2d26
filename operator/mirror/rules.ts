import type { Account, BranchRules, MovedRef, PullRequestFacts } from '#domain';
import type { Queryable } from '#lib/db';
import type { RepositoryKey } from './mirror.ts';

/** What the forge holds a branch to, or one sentence why that could not be read. */
export type RulesRead = {
  readonly branch: string;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
} & ({ readonly rules: BranchRules } | { readonly problem: string });

/** Keeps the newest reading. Twice is harmless. */
export async function putRules(db: Queryable, key: RepositoryKey, read: RulesRead): Promise<void> {
  const rules = 'rules' in read ? JSON.stringify(read.rules) : null;
  const problem = 'problem' in read ? read.problem : null;
  await db.query(
    `UPDATE forge_repositories SET rules = $3, rules_problem = $4, rules_branch = $5, rules_read_at = $6
     WHERE host = $1 AND id = $2 AND (rules_read_at IS NULL OR rules_read_at <= $6)`,
    [key.host, key.id, rules, problem, read.branch, new Date(read.readAt)],
  );
}

/** The newest reading; null before the first. */
export async function rulesOf(db: Queryable, key: RepositoryKey): Promise<RulesRead | null> {
  const { rows } = await db.query(
    'SELECT rules, rules_problem, rules_branch, rules_read_at FROM forge_repositories WHERE host = $1 AND id = $2',
    [key.host, key.id],
  );
  const row = rows[0];
  if (row === undefined || row.rules_read_at === null) return null;
  const at = { branch: row.rules_branch as string, readAt: Number(row.rules_read_at) };
  return row.rules === null ? { ...at, problem: row.rules_problem ?? '' } : { ...at, rules: row.rules };
}

/** A branch, and the commits that it brings in. */
type PushedPull = Pick<PullRequestFacts, 'head' | 'commits'>;

/**
 * Accounts that the forge told to have pushed what a pull request brings in, with their names of then: one that was renamed in between is here under both. Whoever pushed to the branch, or to that of any attempt of
 * the same Issue, and whoever left another branch at one of its commits.
 */
export async function pushingAccounts(
  db: Queryable,
  key: RepositoryKey,
  { head, commits }: PushedPull,
): Promise<{ id: number; login: string }[]> {
  const { rows } = await db.query(
    `SELECT DISTINCT (pusher->>'id')::bigint AS id, pusher->>'login' AS login FROM forge_pushes
     WHERE host = $1 AND repository_id = $2 AND (ref = $3 OR sha = ANY($4) OR starts_with(ref, $5))`,
    [key.host, key.id, head.ref, commits.map(({ sha }) => sha), attemptsOf(head.ref)],
  );
  return rows.map((row) => ({ id: Number(row.id), login: String(row.login) }));
}

/** What the branches of all attempts of an Issue begin with, by one of them; null for another branch. */
function attemptsOf(branch: string): string | null {
  return /^rig\/[^/]+\/(?=\d+$)/.exec(branch)?.[0] ?? null;
}

/** A branch that somebody moved, or a pull request that somebody opened, which stands for a branch that they made. */
export interface MovedBy extends MovedRef {
  readonly actor: Account;
}

/** Moves of branches, and pull requests, that are looked through for whose commits are in a head. */
const MOST_MOVES = 3_000;

/** The newest moves of branches, and the newest pull requests, of forks too, by others than these accounts. */
export async function movesBeside(
  db: Queryable,
  key: RepositoryKey,
  accounts: readonly Account[],
): Promise<readonly MovedBy[]> {
  const { rows } = await db.query(
    `(SELECT before, sha AS after, pusher AS actor FROM forge_pushes
      WHERE host = $1 AND repository_id = $2 AND (pusher->>'id')::bigint <> ALL($3) ORDER BY observed_at DESC LIMIT $4)
     UNION ALL
     (SELECT NULL, head_sha, summary->'author' FROM forge_pulls
      WHERE host = $1 AND repository_id = $2 AND (summary->'author'->>'id')::bigint <> ALL($3) ORDER BY number DESC LIMIT $4)`,
    [key.host, key.id, accounts.map(({ id }) => id), MOST_MOVES],
  );
  return rows.map(({ before, after, actor }) => ({
    before,
    after,
    actor: { id: Number(actor.id), login: String(actor.login) },
  }));
}

/**
 * Every pull request of a branch of this repository of which this commit is the head, open or not, and where it goes. One from a fork is
 * started checks of its own, which name no branch.
 */
export async function pullsOfHead(
  db: Queryable,
  key: RepositoryKey,
  sha: string,
): Promise<{ number: number; base: string }[]> {
  const { rows } = await db.query(
    `SELECT number, summary->'base'->>'ref' AS base FROM forge_pulls WHERE host = $1 AND repository_id = $2 AND head_sha = $3
       AND (summary->'head'->>'repositoryId')::bigint = $2`,
    [key.host, key.id, sha],
  );
  return rows;
}

/** When the pull request was last seen to go to another branch than before, in ms by the forge's clock; null for never. */
export async function baseChangedAt(db: Queryable, key: RepositoryKey, number: number): Promise<number | null> {
  const { rows } = await db.query(
    'SELECT base_changed_at FROM forge_pulls WHERE host = $1 AND repository_id = $2 AND number = $3',
    [key.host, key.id, number],
  );
  const at = rows[0]?.base_changed_at ?? null;
  return at === null ? null : Number(at);
}
