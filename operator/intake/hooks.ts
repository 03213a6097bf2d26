import type { Queryable } from '#lib/db';
import type { InstallationUpdate } from '#lib/forge';
import type { RepositoryKey } from '../mirror/mirror.ts';

/** How the forge lets us reach a repository, as deliveries told: table `forge_hooks`. */
export interface HookFacts {
  /** When the newest delivery about it arrived; null before the first. */
  readonly deliveredAt: Date | null;
  /** The App's installation that delivers; null while only the repository's own webhook has. */
  readonly installationId: number | null;
  /** `unhooked`: the webhook was taken away. Other than `granted` it is a hint: look at the forge before acting on it. */
  readonly access: 'granted' | InstallationUpdate['access'] | 'unhooked';
  readonly accessAt: Date | null;
}

/** Null where no delivery has told of the repository yet. */
export async function hookOf(db: Queryable, key: RepositoryKey): Promise<HookFacts | null> {
  const { rows } = await db.query(
    `SELECT delivered_at AS "deliveredAt", installation_id AS "installationId", access, nullif(access_at, '-infinity') AS "accessAt"
     FROM forge_hooks WHERE host = $1 AND repository_id = $2`,
    [key.host, key.id],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { ...row, installationId: row.installationId === null ? null : Number(row.installationId) };
}

/** A delivery about the repository arrived: whatever was taken away before it is there again. */
export async function noteDelivered(
  db: Queryable,
  key: RepositoryKey,
  installationId: number | null,
  receivedAt: Date,
): Promise<void> {
  await db.query(
    `INSERT INTO forge_hooks AS h (host, repository_id, delivered_at, installation_id) VALUES ($1, $2, $3, $4)
     ON CONFLICT (host, repository_id) DO UPDATE SET delivered_at = excluded.delivered_at,
       installation_id = coalesce(excluded.installation_id, h.installation_id),
       access = CASE WHEN h.access_at < excluded.delivered_at THEN 'granted' ELSE h.access END
     WHERE h.delivered_at IS NULL OR h.delivered_at < excluded.delivered_at`,
    [key.host, key.id, receivedAt, installationId],
  );
}

/** True where this is newer than what was known. */
export async function noteAccess(
  db: Queryable,
  key: RepositoryKey,
  access: HookFacts['access'],
  at: Date,
  installationId: number | null = null,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO forge_hooks AS h (host, repository_id, access, access_at, installation_id) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (host, repository_id) DO UPDATE SET access = excluded.access, access_at = excluded.access_at,
       installation_id = coalesce(excluded.installation_id, h.installation_id)
     WHERE h.access_at < excluded.access_at`,
    [key.host, key.id, access, at, installationId],
  );
  return rowCount === 1;
}

/** Ids of the repositories at a host that an installation was seen to deliver for. */
export async function repositoriesOf(db: Queryable, host: string, installationId: number): Promise<number[]> {
  const { rows } = await db.query('SELECT repository_id FROM forge_hooks WHERE host = $1 AND installation_id = $2', [
    host,
    installationId,
  ]);
  return rows.map((row) => Number(row.repository_id));
}
