import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { ExitCode, ExitError } from '#lib/terminal';
import { PostgresError, type RunningPostgres, startPostgres } from '../postgres/index.ts';
import { type Context, trouble } from './context.ts';
import { watchdog } from './process/watchdog.ts';

const DATABASE = 'rig';
/** Each program logs in as a role of its own that owns one schema, where its search path ends. */
const SCHEMAS = { rig_conductor: 'conductor', rig_proxy: 'proxy', rig_egress: 'egress' } as const;
export type DatabaseRole = keyof typeof SCHEMAS;

export interface Database {
  readonly port: number;
  /** File (0600) with the connection URL of a program. */
  urlFile(role: DatabaseRole): string;
}

/** Starts PostgreSQL with the programs' roles and schemas, and keeps it running on the same port. */
export async function startDatabase(context: Context): Promise<Database> {
  let launched = await launch(context, context.store.state.ports.postgres);
  const { server } = launched;
  const urlFile = (role: DatabaseRole) => join(context.layout.identities, `${role}.url`);
  for (const [role, schema] of Object.entries(SCHEMAS) as [DatabaseRole, string][]) {
    const url = await server.url(role, DATABASE);
    await createSchema(url, schema, role);
    writeFileSync(urlFile(role), url, { mode: 0o600 });
  }
  const keepRunning = async (): Promise<void> => {
    for (;;) {
      const why = await launched.server.died;
      if (context.signal.aborted) return;
      trouble(context)(`${why} Starting it again.`);
      await launched.stop();
      launched = await launch(context, server.port);
    }
  };
  keepRunning().catch(context.fail);
  return { port: server.port, urlFile };
}

interface Launched {
  readonly server: RunningPostgres;
  stop(): Promise<void>;
}

async function launch(context: Context, port: number | undefined): Promise<Launched> {
  const server = await startPostgres({ dataDir: context.layout.data('postgres'), port }).catch((error: unknown) => {
    if (!(error instanceof PostgresError)) throw error;
    throw new ExitError(ExitCode.Environment, error.message, { cause: error });
  });
  const release = watchdog(server.pid, 'INT');
  context.book.add('postgres', server.pid);
  const stop = async () => {
    await server.stop();
    release();
    context.book.remove(server.pid);
  };
  context.stops.add('postgres', stop);
  return { server, stop };
}

async function createSchema(url: string, schema: string, role: DatabaseRole): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'rig-up' });
  await client.connect();
  try {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${role}`);
    await client.query(`ALTER ROLE ${role} SET search_path = ${schema}`);
  } finally {
    await client.end();
  }
}
