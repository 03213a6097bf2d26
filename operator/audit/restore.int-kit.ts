import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createPool, migrate, type Pool } from '#lib/db';
import { type RunningPostgres, startPostgres } from '../../local/postgres/index.ts';
import { operatorMigrations } from '../store/store.int-kit.ts';

const SCHEMA = 'conductor';

/** A PostgreSQL of its own that can be put back to an earlier moment, as from a file backup. */
export interface Restorable {
  pool: Pool;
  url: string;
  /** Keeps its files as they are now, under a name. */
  backUp(name: string): Promise<void>;
  /** Stops it and starts it on the files of that backup. */
  restore(name: string): Promise<void>;
}

export async function restorable(t: { after(fn: () => unknown): void }): Promise<Restorable> {
  const root = await mkdtemp(join(tmpdir(), 'rig-restore-'));
  const dataDir = join(root, 'postgres');
  let server: RunningPostgres | undefined;
  const open = async () => {
    server = await startPostgres({ dataDir, settings: { fsync: 'off' } });
    database.url = await server.url('rig_conductor', 'rig');
    database.pool = createPool(database.url, { applicationName: 'rig-test', schema: SCHEMA, max: 20 });
    for (const migrations of operatorMigrations) await migrate(database.pool, { schema: SCHEMA, ...migrations });
  };
  const close = async () => {
    const stopped = server;
    server = undefined;
    if (stopped === undefined) return;
    await database.pool.end();
    await stopped.stop();
  };
  // With its owner: a server that root starts runs as another.
  const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to]);
  const database = {
    backUp: async (name: string) => {
      await close();
      await copy(dataDir, join(root, name));
      await open();
    },
    restore: async (name: string) => {
      await close();
      await rm(dataDir, { recursive: true });
      await copy(join(root, name), dataDir);
      await open();
    },
  } as Restorable;
  await open();
  t.after(async () => {
    await close();
    await rm(root, { recursive: true, force: true });
  });
  return database;
}
