import { join } from 'node:path';
import pg from 'pg';
import { requireUp } from '#lib/datadir';
import { ADMIN_ROLE } from '../../../local/postgres/credentials.ts';
import { postgresURL } from '../../../local/postgres/index.ts';
import type { RigProcess } from '../rig.ts';

/**
 * Runs `work` while every flush of PostgreSQL's log takes `ms` longer, as on a cloud's disk: `commit_delay` waits before the flush
 * and, with no siblings asked for, before each one.
 */
export async function withSlowSyncs<T>(rig: RigProcess, ms: number, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: await adminURL(rig, 'postgres') });
  await client.connect();
  const set = async (delay: string, siblings: string) => {
    await client.query(`ALTER SYSTEM SET commit_delay ${delay}`);
    await client.query(`ALTER SYSTEM SET commit_siblings ${siblings}`);
    await client.query('SELECT pg_reload_conf()');
  };
  try {
    await set(`= ${ms * 1_000}`, '= 0');
    return await work();
  } finally {
    await set('= DEFAULT', '= DEFAULT');
    await client.end();
  }
}

/** A database of the rig, as its administrator. */
export async function adminURL(rig: RigProcess, database: string): Promise<string> {
  return postgresURL({
    credentials: join(rig.layout.data('postgres'), 'credentials.json'),
    port: requireUp(rig.layout).ports.postgres!,
    role: ADMIN_ROLE,
    database,
  });
}
