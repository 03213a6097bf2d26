import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogue } from '#domain';
import { createPool, migrate, type Pool } from '#lib/db';
import { EventStore, migrations as eventMigrations } from '#lib/events';
import { BareCopies, GitCache, Upkeep } from '#lib/git';
import { type Listening, listen, serveMetrics } from '#lib/http';
import { KubeClient, loadKubeConfig, Manager } from '#lib/kube';
import { createMetrics, type Logger } from '#lib/observe';
import { createApi } from './api/app.ts';
import { History } from './api/history.ts';
import { ReaderToken } from './api/readers.ts';
import { deepHealth } from './audit/guard.ts';
import type { Config } from './config.ts';
import { neededOf } from './gateway/needed.ts';
import { GitGateway } from './gateway/routes.ts';
import { intakeRoute } from './intake/route.ts';
import { collectConductor } from './metrics/collect.ts';
import { Offers } from './pull/offers.ts';
import { Pull } from './pull/routes.ts';
import { TaskTokens } from './tokens/signer.ts';
import { serveWebhooks, surroundings } from './webhooks/index.ts';
import { assemble } from './wiring/assemble.ts';

const SCHEMA = 'conductor';
const LEASE = 'rig-conductor';
/** A forge gives a delivery up after 10 s. */
const KNOWN_WITHIN_MS = 5_000;

/** A running operator. */
export interface Operator {
  readonly listening: Listening;
  /** Resolves once the database was recovered from a backup: this process is to end, what it remembers is of the lost time. */
  readonly recovered: Promise<void>;
  /** Takes no new work, lets what runs end, hands the Lease over, closes. Safe to call twice. */
  stop(): Promise<void>;
}

/** Brings the operator up: database first, then caches and election, last the port; `/readyz` says when it serves. */
export async function startOperator(config: Config, logger: Logger): Promise<Operator> {
  const { pool, url } = await openDatabase(config, logger);
  const client = new KubeClient(loadKubeConfig({ path: config.kubeconfig }));
  const intakeClient = new KubeClient(
    loadKubeConfig({ path: config.intakeKubeconfig, impersonate: intakeUser(config) }),
  );
  const metrics = await createMetrics('operator');
  const manager = new Manager({
    client,
    election: { namespace: config.systemNamespace, name: LEASE, identity: config.identity },
    logger,
    metrics,
  });
  const store = new EventStore({ db: pool, types: catalogue, metrics });
  const copies = new BareCopies(join(config.dataDir, 'git'));
  const gitCache = new GitCache(copies);
  const parts = assemble({ config, logger, metrics, gitCache, pool, url, client, intakeClient, manager, store });
  collectConductor(metrics, { manager, conductor: parts.conductor, pool, trustRoot: parts.trustRoot });
  const tokens = await TaskTokens.load(client, config.systemNamespace);
  const app = createApi({
    conductor: parts.conductor,
    exchange: {
      client,
      log: parts.conductor.log,
      tokens,
      taskUid: (namespace, name) => parts.conductor.objects.tasks.get(namespace, name)?.metadata.uid,
      onStarted: (namespace, name) => void parts.hearing.started({ namespace, name }),
      now: Date.now,
    },
    pull: new Pull(parts.conductor),
    gateway: new GitGateway(parts.conductor, gitCache),
    present: parts.present,
    intake: intakeRoute({
      db: pool,
      repositories: () => parts.conductor.objects.repositories.list(),
      known: async () => {
        const { repositories } = parts.conductor.objects;
        if (!repositories.hasSynced()) await repositories.waitForSync(AbortSignal.timeout(KNOWN_WITHIN_MS));
      },
      webhookSecret: (repository) => parts.conductor.forges.webhookSecret(repository),
      payloads: parts.payloads,
      onStored: () => parts.applier.kick(),
      now: Date.now,
      metrics,
    }),
    history: new History(store, pool),
    readers: new ReaderToken(config.readerTokenFile),
    ready: async () => [...manager.ready().waitingFor, ...(await databaseProblem(pool))],
    deep: () => deepHealth(parts.conductor.mark, () => databaseProblem(pool)),
    db: pool,
    logger,
    metrics,
  });
  const listening = await listen(app, config.listen);
  const scraped = config.metricsListen === undefined ? undefined : await serveMetrics(metrics, config.metricsListen);
  const advice = config.webhooks && (await serveWebhooks(config.webhooks, surroundings(parts.conductor), logger));
  const over = new AbortController();
  await parts.mark.start(over.signal);
  const offers = new Offers(pool, parts.conductor.waiting, logger);
  offers.start(over.signal);
  const known = { repositories: parts.conductor.objects.repositories, pool };
  const upkeep = new Upkeep({ copies, needed: (copy) => neededOf(known, copy), now: Date.now, logger, metrics });
  upkeep.start(over.signal);
  manager.start();
  const stop = async () => {
    await manager.stop();
    over.abort();
    parts.conductor.waiting.close();
    parts.production.close();
    await Promise.all([parts.mark.idle(), offers.idle(), upkeep.idle()]);
    await Promise.all([listening.close(), advice?.()]);
    await scraped?.close();
    await parts.hearing.close();
    await store.idle();
    await parts.payloads.close();
    await pool.end();
    await Promise.all([client.close(), intakeClient.close()]);
  };
  let stopped: Promise<void> | undefined;
  return { listening, recovered: parts.recovered, stop: () => (stopped ??= stop()) };
}

function intakeUser({ intakeAccount, systemNamespace }: Config): string | undefined {
  return intakeAccount && `system:serviceaccount:${systemNamespace}:${intakeAccount}`;
}

async function openDatabase(config: Config, logger: Logger): Promise<{ pool: Pool; url: string }> {
  const url = (await readFile(config.databaseUrlFile, 'utf8')).trim();
  const pool = createPool(url, { applicationName: 'rig-conductor', schema: SCHEMA, max: 20, logger });
  await migrate(pool, { schema: SCHEMA, ...eventMigrations });
  await migrate(pool, {
    schema: SCHEMA,
    component: 'operator',
    directory: join(import.meta.dirname, 'store', 'migrations'),
  });
  return { pool, url };
}

const DATABASE_PATIENCE_MS = 1_000;

/** What a probe is told of the database; a second is all it waits. */
async function databaseProblem(pool: Pool): Promise<string[]> {
  const late = new Promise<string[]>((resolve) => {
    setTimeout(resolve, DATABASE_PATIENCE_MS, ['the database does not answer within a second']).unref();
  });
  const asked = pool.query('SELECT 1').then(
    () => [],
    () => ['the database does not answer'],
  );
  return Promise.race([asked, late]);
}
