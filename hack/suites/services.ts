import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startPostgres } from '../../local/postgres/index.ts';

export interface Services {
  readonly env: { readonly RIG_TEST_KUBECONFIG: string; readonly RIG_TEST_DATABASE_URL: string };
  stop(): Promise<void>;
}

/** One control plane and one PostgreSQL for a whole run, instead of one for each test file. */
export async function startServices(root: string): Promise<Services> {
  const [cluster, database] = await Promise.all([startCluster(root), startDatabase()]);
  return {
    env: { RIG_TEST_KUBECONFIG: cluster.kubeconfig, RIG_TEST_DATABASE_URL: database.url },
    stop: async () => {
      await Promise.all([cluster.stop(), database.stop()]);
    },
  };
}

/** A process of its own, whose standard input ends with us: it stops even when this run is killed. */
async function startCluster(root: string) {
  const child = spawn(process.execPath, [join(root, 'test', 'kit', 'cluster-main.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [kubeconfig] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => {
      throw new Error('the control plane for the tests did not start');
    }),
  ])) as [string];
  return {
    kubeconfig,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

async function startDatabase() {
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-test-postgres-'));
  // Tests judge what is written, not what survives a power cut.
  const server = await startPostgres({ dataDir, settings: { fsync: 'off', max_wal_size: '256MB' } });
  return {
    url: server.adminURL,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
