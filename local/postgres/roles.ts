import pg from 'pg';
import { requireName } from './credentials.ts';

/**
 * Makes sure that `role` can log in with `password` and may connect to `database` and create schemas in it; nobody else may,
 * and superuser it is not. Safe to call again, from several processes at once too.
 */
export async function ensureRole(adminURL: string, role: string, password: string, database: string): Promise<void> {
  requireName(role);
  requireName(database);
  const client = new pg.Client({ connectionString: adminURL, application_name: 'rig-local' });
  await client.connect();
  try {
    await ignoring(['42710', '23505'], client.query(`CREATE ROLE ${role} LOGIN`));
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    await ignoring(['42P04', '23505'], client.query(`CREATE DATABASE ${database}`));
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await client.query(`GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${database} TO ${role}`);
  } finally {
    await client.end();
  }
}

// 42710, 42P04: it exists; 23505: another session created it in the same instant.
async function ignoring(codes: readonly string[], work: Promise<unknown>): Promise<void> {
  await work.catch((error: { code?: string }) => {
    if (error.code === undefined || !codes.includes(error.code)) throw error;
  });
}
