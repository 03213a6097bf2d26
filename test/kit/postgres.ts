import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createPool, type MigrateOptions, migrate, type Pool } from '#lib/db';
import { type RunningPostgres, startPostgres } from '../../local/postgres/index.ts';

export interface TestDatabase {
  /** Connection URL of the database's owner, who is no superuser where the server is the embedded one. */
  readonly url: string;
  readonly pool: Pool;
  /** Ends the pool, cuts every other session and drops the database. Safe to call twice. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Applied before the database is handed out; `pool` then means this schema, default `rig`. */
  readonly migrations?: readonly Omit<MigrateOptions, 'schema'>[];
  readonly schema?: string;
  /**
   * A server that no other test file uses. For what reads the log by `pg_snapshot_xmin`: that horizon is the whole server's, so a neighbour's open
   * transaction would hide events.
   */
  readonly ownServer?: boolean;
}

let embedded: Promise<RunningPostgres> | undefined;

/**
 * A fresh, empty database on the server of RIG_TEST_DATABASE_URL (a login that may create databases), else on an embedded one
 * that this process starts once and stops after its last test. With a test context it is dropped when that test ends.
 */
export async function testDatabase(
  t?: { after(fn: () => Promise<void>): void },
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const shared = options.ownServer === true ? undefined : process.env.RIG_TEST_DATABASE_URL;
  const adminURL = shared ?? (await embeddedServer()).adminURL;
  const url = await createDatabase(adminURL, name, shared !== undefined);
  const schema = options.schema ?? (options.migrations === undefined ? undefined : 'rig');
  const pool = createPool(url, { applicationName: 'rig-test', max: 10, schema });
  for (const migrations of options.migrations ?? []) await migrate(pool, { schema: schema!, ...migrations });
  let dropped: Promise<void> | undefined;
  const drop = (): Promise<void> => {
    // Not waited for: a session that a failed test never gave back is cut by the drop.
    if (dropped === undefined) pool.end().catch(() => undefined);
    dropped ??= asAdmin(adminURL, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return dropped;
  };
  t?.after(drop);
  return { url, pool, drop };
}

async function createDatabase(adminURL: string, name: string, shared: boolean): Promise<string> {
  const url = new URL(adminURL);
  if (shared) {
    await asAdmin(adminURL, `CREATE DATABASE ${name}`);
    url.pathname = `/${name}`;
    return url.href;
  }
  const own = await (await embeddedServer()).url('rig_test', name);
  await asAdmin(adminURL, `ALTER DATABASE ${name} OWNER TO rig_test`);
  return own;
}

function embeddedServer(): Promise<RunningPostgres> {
  embedded ??= startEmbedded();
  return embedded;
}

async function startEmbedded(): Promise<RunningPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-test-postgres-'));
  // Tests judge what is written, not what survives a power cut: without syncs they run several times faster.
  const server = await startPostgres({ dataDir, settings: { fsync: 'off', max_wal_size: '256MB' } });
  server.unref();
  process.once('beforeExit', async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  process.once('exit', () => abandon(server.pid, dataDir));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  return server;
}

async function asAdmin(adminURL: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminURL });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

// A process that is made to exit reaches no beforeExit; the server and its files must not outlive it.
function abandon(pid: number, dataDir: string): void {
  try {
    process.kill(pid, 'SIGQUIT');
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  } catch {
    // It has stopped already.
  }
}
