import { readFile } from 'node:fs/promises';
import { catalogue } from '#domain';
import { createPool, type Pool } from '#lib/db';
import { EventStore } from '#lib/events';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { Forges } from '../forges/forges.ts';
import { Mirror } from '../mirror/mirror.ts';
import { IssueLog } from '../store/log.ts';
import { MarkRecord } from './record.ts';

/** What an audit works with: the conductor's own database and cluster, without a conductor. */
export interface Tools {
  readonly pool: Pool;
  readonly client: KubeClient;
  readonly store: EventStore;
  readonly log: IssueLog;
  readonly record: MarkRecord;
  readonly forges: Forges;
  readonly mirror: Mirror;
  readonly taskDeadlineMs: number;
  /** Of the conductor. */
  readonly namespace: string;
  close(): Promise<void>;
}

const SCHEMA = 'conductor';
const HOUR_SECONDS = 3_600;

/** Opens what the environment of a conductor names. Throws Error where it names nothing; nothing is asked of either yet. */
export async function openTools(env: NodeJS.ProcessEnv): Promise<Tools> {
  const file = env.RIG_DATABASE_URL_FILE;
  if (!file)
    throw new Error(
      'RIG_DATABASE_URL_FILE is not set: run this where the conductor runs, or as rig recover, replay or doctor.',
    );
  const url = (await readFile(file, 'utf8')).trim();
  const pool = createPool(url, { applicationName: 'rig-audit', schema: SCHEMA, max: 4, statementTimeoutMs: 60_000 });
  const client = new KubeClient(loadKubeConfig({ path: env.RIG_KUBECONFIG || undefined }));
  const store = new EventStore({ db: pool, types: catalogue });
  const namespace = env.RIG_SYSTEM_NAMESPACE || 'rig-system';
  const taskDeadlineMs = Number(env.RIG_TASK_DEADLINE_SECONDS || HOUR_SECONDS) * 1_000;
  return {
    pool,
    client,
    store,
    log: new IssueLog({ pool, store, taskDeadlineMs, onAppend: () => {} }),
    record: new MarkRecord(client, namespace),
    namespace,
    forges: new Forges(client, { writeIntervalMs: 0 }),
    mirror: new Mirror(),
    taskDeadlineMs,
    close: async () => {
      await store.idle();
      await pool.end();
      await client.close();
    },
  };
}
