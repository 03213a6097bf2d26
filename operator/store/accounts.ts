import type { Actor } from '#domain';
import type { Queryable } from '#lib/db';

/** Forge accounts that the Agents of one namespace have or had at one host, by the Agent's uid; of each Agent the newest first. */
export type Accounts = ReadonlyMap<string, readonly Actor[]>;

/** Where accounts are kept: what an Agent of another tenant is called at the forge says nothing here. */
export interface AccountPlace {
  readonly namespace: string;
  readonly host: string;
}

/** Another conductor's word is met this much later at most, in ms. */
const STALE_MS = 15_000;

interface Known {
  readonly at: number;
  readonly accounts: Promise<Accounts>;
}
/** What was read lately: it is asked for at every look at every issue. */
const lately = new WeakMap<Queryable, Map<string, Known>>();
const keyOf = ({ namespace, host }: AccountPlace): string => `${namespace} ${host}`;

/** Everything that was remembered there, as it was read at most 15 s before `now` (ms); what this process remembered since is in it. */
export function rememberedAccounts(db: Queryable, place: AccountPlace, now: number): Promise<Accounts> {
  const places = lately.get(db) ?? new Map<string, Known>();
  lately.set(db, places);
  const known = places.get(keyOf(place));
  if (known !== undefined && now - known.at < STALE_MS) return known.accounts;
  const accounts = readAccounts(db, place);
  places.set(keyOf(place), { at: now, accounts });
  accounts.catch(() => places.delete(keyOf(place)));
  return accounts;
}

async function readAccounts(db: Queryable, { namespace, host }: AccountPlace): Promise<Accounts> {
  const { rows } = await db.query(
    'SELECT agent_uid, account_id, login, kind FROM agent_accounts WHERE namespace = $1 AND host = $2 ORDER BY since DESC',
    [namespace, host],
  );
  const accounts = new Map<string, Actor[]>();
  for (const { agent_uid: uid, account_id: id, login, kind } of rows)
    accounts.set(uid, [...(accounts.get(uid) ?? []), { id: Number(id), login, kind }]);
  return accounts;
}

/** Remembers the account that an Agent has; twice is harmless, and one that it had before is its newest again. */
export async function rememberAccount(
  db: Queryable,
  { namespace, host }: AccountPlace,
  agentUid: string,
  { id, login, kind }: Actor,
): Promise<void> {
  await db.query(
    `INSERT INTO agent_accounts (namespace, host, agent_uid, account_id, login, kind) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (namespace, host, agent_uid, account_id) DO UPDATE SET login = excluded.login, since = clock_timestamp()`,
    [namespace, host, agentUid, id, login, kind],
  );
  lately.get(db)?.delete(keyOf({ namespace, host }));
}

/** Whether an Agent was ever given a task. */
export async function everDispatched(db: Queryable, agentUid: string): Promise<boolean> {
  const { rowCount } = await db.query('SELECT FROM tasks WHERE agent_uid = $1 LIMIT 1', [agentUid]);
  return rowCount !== 0;
}
