import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createLogger } from '#lib/observe';
import { readSandboxSettings } from './server/settings.ts';
import { startSandbox } from './server/start.ts';

const logger = createLogger('rig-agent-sandbox');

try {
  const settings = readSandboxSettings(process.env);
  mkdirSync(dirname(settings.socket), { recursive: true });
  process.chdir(dirname(settings.socket));
  const sandbox = await startSandbox(settings, process.env, logger);
  const stop = () => sandbox.close().finally(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  logger.info({ socket: settings.socket }, 'sandbox listens');
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : 'the sandbox failed');
  process.exit(1);
}
