import { join } from 'node:path';
import { ConductorClient } from '#lib/conductor';
import { createPool, migrate } from '#lib/db';
import { listen, serveMetrics } from '#lib/http';
import { createMetrics, type Logger } from '#lib/observe';
import { type Program, runProgram } from '#lib/program';
import { createProxy } from './app.ts';
import { fenceCheck } from './fence.ts';
import { readSettings, type Settings } from './settings.ts';
import { usageRecorder } from './usage.ts';
import { conductorKeys, verifier } from './verify.ts';

async function start(settings: Settings, logger: Logger): Promise<Program> {
  const { providerKey } = settings;
  const pool = createPool(settings.databaseURL, { applicationName: 'rig-proxy', schema: 'proxy', logger });
  await migrate(pool, { schema: 'proxy', directory: join(import.meta.dirname, 'migrations'), component: 'proxy' });
  const conductor = new ConductorClient({ url: settings.conductorURL, attempts: 3, backoffMs: 200, timeoutMs: 5_000 });
  const metrics = await createMetrics('proxy');
  const proxy = createProxy({
    verify: verifier(conductorKeys(settings.conductorURL)),
    checkFence: fenceCheck(conductor, { now: () => performance.now() }),
    upstream: { url: settings.upstreamURL, key: providerKey },
    provider: 'anthropic',
    record: usageRecorder(pool),
    ready: async () => void (await pool.query('SELECT 1')),
    logger,
    metrics,
  });
  const scraped =
    settings.metricsListen === undefined ? undefined : await serveMetrics(metrics, settings.metricsListen);
  const server = await listen(proxy.app, settings.listen);
  return {
    url: server.url,
    stop: async () => {
      await server.close();
      await scraped?.close();
      await proxy.idle();
      await pool.end();
    },
  };
}

await runProgram({ name: 'rig-proxy', settings: () => readSettings(process.env), start });
