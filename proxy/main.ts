import { join } from 'node:path';
import { ConductorClient } from '#lib/conductor';
import { createPool, migrate } from '#lib/db';
import { listen, serveMetrics } from '#lib/http';
import { createLogger, createMetrics, startTracing } from '#lib/observe';
import { createProxy } from './app.ts';
import { fenceCheck } from './fence.ts';
import { fileText, readSettings } from './settings.ts';
import { usageRecorder } from './usage.ts';
import { conductorKeys, verifier } from './verify.ts';

const logger = createLogger('rig-proxy');

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const stopTracing = await startTracing('rig-proxy');
  const { providerKeyFile } = settings;
  const pool = createPool(settings.databaseURL, { applicationName: 'rig-proxy', schema: 'proxy', logger });
  await migrate(pool, { schema: 'proxy', directory: join(import.meta.dirname, 'migrations'), component: 'proxy' });
  const conductor = new ConductorClient({ url: settings.conductorURL, attempts: 3, backoffMs: 200, timeoutMs: 5_000 });
  const metrics = await createMetrics('proxy');
  const proxy = createProxy({
    verify: verifier(conductorKeys(settings.conductorURL)),
    checkFence: fenceCheck(conductor, { now: () => performance.now() }),
    upstream: {
      url: settings.upstreamURL,
      key: () => (providerKeyFile === undefined ? undefined : fileText(providerKeyFile, 'RIG_PROVIDER_KEY_FILE')),
    },
    provider: 'anthropic',
    record: usageRecorder(pool),
    ready: async () => void (await pool.query('SELECT 1')),
    logger,
    metrics,
  });
  const scraped =
    settings.metricsListen === undefined ? undefined : await serveMetrics(metrics, settings.metricsListen);
  const server = await listen(proxy.app, settings);
  logger.info({ url: server.url, upstream: settings.upstreamURL }, 'proxy listening');
  const stop = async () => {
    await server.close();
    await scraped?.close();
    await proxy.idle();
    await pool.end();
    await stopTracing();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

main().catch((error) => {
  logger.fatal({ err: error }, error instanceof Error ? error.message : 'the proxy could not start');
  process.exit(1);
});
