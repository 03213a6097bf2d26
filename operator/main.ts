import './heap.ts';
import { createLogger, startTracing } from '#lib/observe';
import { ConfigError } from '#lib/settings';
import { readConfig } from './config.ts';
import { startOperator } from './operator.ts';

const logger = createLogger('rig-conductor');

try {
  const config = readConfig(process.env, process.argv.slice(2), process.pid);
  const stopTracing = await startTracing('rig-conductor');
  const operator = await startOperator(config, logger);
  logger.info({ url: operator.listening.url }, 'listening');
  operator.recovered.then(() => process.kill(process.pid, 'SIGTERM'));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'stopping');
      operator
        .stop()
        .then(stopTracing)
        .then(
          () => process.exit(0),
          (err: unknown) => {
            logger.error({ err }, 'stopping failed');
            process.exit(1);
          },
        );
    });
  }
} catch (err) {
  if (err instanceof ConfigError) process.stderr.write(`rig-conductor: ${err.message}\n`);
  else logger.fatal({ err }, 'could not start');
  process.exit(err instanceof ConfigError ? 2 : 1);
}
