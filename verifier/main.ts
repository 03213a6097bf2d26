import { createLogger, startTracing } from '#lib/observe';
import { ConfigError } from '#lib/settings';
import { readConfig } from './config.ts';
import { startVerifier } from './verifier.ts';

const logger = createLogger('rig-verifier');

try {
  const config = readConfig(process.env, process.pid);
  const stopTracing = await startTracing('rig-verifier');
  const verifier = await startVerifier(config, logger);
  logger.info({ url: verifier.listening.url }, 'listening');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'stopping');
      verifier
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
  if (err instanceof ConfigError) process.stderr.write(`rig-verifier: ${err.message}\n`);
  else logger.fatal({ err }, 'could not start');
  process.exit(err instanceof ConfigError ? 2 : 1);
}
