import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { DbError } from './errors.ts';
import { requireIdentifier } from './identifier.ts';

export interface MigrateOptions {
  /** Made when missing; the migrations run with it as their whole search path. */
  readonly schema: string;
  /** Holds `<14 digits>_<name>.sql` files, applied in the order of their names. */
  readonly directory: string;
  /** Whose migrations these are, so that several folders can share one schema: `events`, `operator`, … */
  readonly component: string;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  readonly additive: boolean;
}

/** What the database says of a migration it has. */
type Applied = Pick<Migration, 'checksum' | 'additive'>;

/** The first line of a migration on which releases that do not know it run unharmed: while one replaces the other both are up. */
const ADDITIVE = /^-- additive$/;

/** Others may migrate before us, and a large table takes its time: the pool's patience for an answer is for small statements. */
const PATIENCE = { query_timeout: 3_600_000 };

/**
 * Brings `schema` up to the newest migration of `directory` and returns the names it applied, each in a transaction of its
 * own. Calling again does nothing; concurrent callers wait for each other. Throws `MigrationChanged` when an applied file
 * reads differently now, `NewerDatabase` when the database has one that this code does not and that does not begin with the line
 * `-- additive`, `MigrationFailed`, `BadName`.
 */
export async function migrate(pool: pg.Pool, options: MigrateOptions): Promise<string[]> {
  const schema = requireIdentifier(options.schema);
  const migrations = await readMigrations(options.directory);
  const client = await pool.connect();
  try {
    await client.query('SET statement_timeout = 0');
    const lock = { text: 'SELECT pg_advisory_lock(hashtextextended($1, 0))', ...PATIENCE };
    await client.query(lock, [`rig migrate ${schema}`]);
    await ensureHistory(client, schema);
    const applied = await readHistory(client, schema, options.component);
    checkHistory(migrations, applied, options);
    const pending = migrations.filter(({ name }) => !applied.has(name));
    for (const migration of pending) await apply(client, schema, options.component, migration);
    return pending.map(({ name }) => name);
  } finally {
    // Closing the session gives the lock back and forgets its settings.
    client.release(true);
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (name) => {
      if (!/^\d{14}_[a-z0-9_]+\.sql$/.test(name))
        throw new DbError(
          'BadName',
          `Rename the migration ${name} in ${directory}: it must read <14 digits of time>_<name>.sql.`,
        );
      const sql = (await readFile(join(directory, name), 'utf8')).replaceAll('\r\n', '\n');
      const additive = ADDITIVE.test(sql.split('\n', 1)[0]!);
      return { name, sql, additive, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function ensureHistory(client: pg.PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query(
    'SELECT to_regclass($1) IS NOT NULL AS history, to_regnamespace($2) IS NOT NULL AS schema',
    [`${schema}.migrations`, schema],
  );
  if (!rows[0].schema) await client.query(`CREATE SCHEMA ${schema}`);
  if (!rows[0].history)
    await client.query(`CREATE TABLE ${schema}.migrations (
      component text NOT NULL, name text NOT NULL, checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (component, name))`);
  await client.query(
    `ALTER TABLE ${schema}.migrations ADD COLUMN IF NOT EXISTS additive boolean NOT NULL DEFAULT false`,
  );
}

async function readHistory(client: pg.PoolClient, schema: string, component: string): Promise<Map<string, Applied>> {
  const { rows } = await client.query<{ name: string } & Applied>(
    `SELECT name, checksum, additive FROM ${schema}.migrations WHERE component = $1 ORDER BY name`,
    [component],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

function checkHistory(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, Applied>,
  options: MigrateOptions,
): void {
  const known = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  for (const [name, { checksum, additive }] of applied) {
    if (!known.has(name) && additive) continue;
    if (!known.has(name))
      throw new DbError(
        'NewerDatabase',
        `Schema ${options.schema} has the migration ${name} of ${options.component}, which this release does not know: start the newer release, or restore an older backup.`,
      );
    if (known.get(name) !== checksum)
      throw new DbError(
        'MigrationChanged',
        `The migration ${join(options.directory, name)} was changed after it had been applied to schema ${options.schema}: restore the file and add a new migration instead.`,
      );
  }
}

async function apply(client: pg.PoolClient, schema: string, component: string, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL search_path = ${schema}`);
    await client.query({ text: migration.sql, ...PATIENCE });
    await client.query(
      `INSERT INTO ${schema}.migrations (component, name, checksum, additive) VALUES ($1, $2, $3, $4)`,
      [component, migration.name, migration.checksum, migration.additive],
    );
    await client.query('COMMIT');
  } catch (cause) {
    throw new DbError(
      'MigrationFailed',
      `The migration ${migration.name} of ${component} failed in schema ${schema}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
