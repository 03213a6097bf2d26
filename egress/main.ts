import { join } from 'node:path';
import { ConductorClient, conductorKeys, taskTokenVerifier, whileLive } from '#lib/conductor';
import { createPool, migrate } from '#lib/db';
import { serveMetrics } from '#lib/http';
import { createLogger, createMetrics, startTracing } from '#lib/observe';
import { createEgress } from './egress.ts';
import { denialWriter, forgetTaken } from './outbox.ts';
import { readSettings } from './settings.ts';

const logger = createLogger('rig-egress');
const HOUR_MS = 3_600_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const stopTracing = await startTracing('rig-egress');
  const metrics = await createMetrics('egress');
  const pool = createPool(settings.databaseURL, { applicationName: 'rig-egress', schema: 'egress', logger });
  await migrate(pool, { schema: 'egress', directory: join(import.meta.dirname, 'migrations'), component: 'egress' });
  const conductor = new ConductorClient({ url: settings.conductorURL, attempts: 3, backoffMs: 200, timeoutMs: 5_000 });
  const egress = createEgress({
    settings,
    verify: taskTokenVerifier(conductorKeys(settings.conductorURL), 'rig-egress'),
    allowed: whileLive(({ token, namespace, task }) => conductor.egress(token, namespace, task), {
      now: () => performance.now(),
    }),
    write: denialWriter(pool),
    ready: async () => void (await pool.query('SELECT 1')),
    logger,
    metrics,
  });
  metrics.onScrape(() => metrics.set('rig_egress_connections', {}, egress.open));
  const scraped =
    settings.metricsListen === undefined ? undefined : await serveMetrics(metrics, settings.metricsListen);
  await egress.listen();
  logger.info({ url: egress.url }, 'egress proxy listening');
  const forget = () => forgetTaken(pool).catch((err: unknown) => logger.warn({ err }, 'old rows could not be deleted'));
  setInterval(forget, HOUR_MS).unref();
  const stop = async () => {
    await egress.stop();
    await scraped?.close();
    await pool.end();
    await stopTracing();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

main().catch((error) => {
  logger.fatal({ err: error }, error instanceof Error ? error.message : 'the egress proxy could not start');
  process.exit(1);
});
