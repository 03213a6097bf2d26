import type { Queryable } from '#lib/db';
import type { DeploymentFacts } from '#lib/forge';
import type { RepositoryKey } from '../mirror/mirror.ts';

/** A deployment with the state that was told of it; an older state never overwrites a newer one. */
export async function noteDeployment(db: Queryable, key: RepositoryKey, facts: DeploymentFacts): Promise<void> {
  await db.query(
    `INSERT INTO forge_deployments AS d (host, repository_id, id, sha, facts, status_id, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (host, repository_id, id) DO UPDATE SET sha = excluded.sha, facts = excluded.facts, status_id = excluded.status_id, updated_at = excluded.updated_at
     WHERE (d.updated_at, d.status_id) <= (excluded.updated_at, excluded.status_id)`,
    [key.host, key.id, facts.id, facts.sha, JSON.stringify(facts), facts.statusId, facts.updatedAt],
  );
}

/** Deployments of a repository that are told of since `since`, newest state first; at most 1,000. */
export async function deploymentsOf(db: Queryable, key: RepositoryKey, since: Date): Promise<DeploymentFacts[]> {
  const { rows } = await db.query(
    `SELECT facts FROM forge_deployments WHERE host = $1 AND repository_id = $2 AND updated_at >= $3
     ORDER BY updated_at DESC, status_id DESC LIMIT 1000`,
    [key.host, key.id, since],
  );
  return rows.map(({ facts }) => facts);
}
