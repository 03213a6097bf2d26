import type { Queryable } from '#lib/db';
import type { DeploymentFacts } from '#lib/forge';
import type { RepositoryKey } from '../mirror/mirror.ts';

/** What one account told of a deployment; an older state never overwrites a newer one, and no account's another's. */
export async function noteDeployment(db: Queryable, key: RepositoryKey, facts: DeploymentFacts): Promise<void> {
  await db.query(
    `INSERT INTO forge_deployments AS d (host, repository_id, id, reporter, sha, facts, status_id, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (host, repository_id, id, reporter) DO UPDATE SET sha = excluded.sha, facts = excluded.facts, status_id = excluded.status_id, updated_at = excluded.updated_at
     WHERE (d.updated_at, d.status_id) <= (excluded.updated_at, excluded.status_id)`,
    [key.host, key.id, facts.id, facts.creator.id, facts.sha, JSON.stringify(facts), facts.statusId, facts.updatedAt],
  );
}

/** What is told of an environment's deployments since `since`, newest state of each account first; its name in any case; at most 1,000. */
export async function deploymentsOf(
  db: Queryable,
  key: RepositoryKey,
  environment: string,
  since: Date,
): Promise<DeploymentFacts[]> {
  const { rows } = await db.query(
    `SELECT facts FROM forge_deployments WHERE host = $1 AND repository_id = $2 AND lower(facts->>'environment') = lower($3) AND updated_at >= $4
     ORDER BY updated_at DESC, status_id DESC LIMIT 1000`,
    [key.host, key.id, environment, since],
  );
  return rows.map(({ facts }) => facts);
}

const SPELLINGS_MAX = 4;

/** How the forge spells an environment, as far as it was told: its lists compare letter by letter. */
export async function spellingsOf(db: Queryable, key: RepositoryKey, environment: string): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT DISTINCT facts->>'environment' AS name FROM forge_deployments
     WHERE host = $1 AND repository_id = $2 AND lower(facts->>'environment') = lower($3) LIMIT $4`,
    [key.host, key.id, environment, SPELLINGS_MAX],
  );
  return rows.map(({ name }) => name);
}
