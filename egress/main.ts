import { join } from 'node:path';
import { ConductorClient, conductorKeys, taskTokenVerifier, whileLive } from '#lib/conductor';
import { createPool, migrate } from '#lib/db';
import { serveMetrics } from '#lib/http';
import { createMetrics, type Logger } from '#lib/observe';
import { type Program, runProgram } from '#lib/program';
import { createEgress } from './egress.ts';
import { denialWriter, forgetTaken } from './outbox.ts';
import { readSettings, type Settings } from './settings.ts';

const HOUR_MS = 3_600_000;

async function start(settings: Settings, logger: Logger): Promise<Program> {
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
  const forget = () => forgetTaken(pool).catch((err: unknown) => logger.warn({ err }, 'old rows could not be deleted'));
  setInterval(forget, HOUR_MS).unref();
  return {
    url: egress.url,
    stop: async () => {
      await egress.stop();
      await scraped?.close();
      await pool.end();
    },
  };
}

await runProgram({ name: 'rig-egress', settings: () => readSettings(process.env), start });
