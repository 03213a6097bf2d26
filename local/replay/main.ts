import { parseArgs } from 'node:util';
import { createLogger } from '#lib/observe';
import { startReplay } from './index.ts';

const logger = createLogger('rig-replay');
const { values } = parseArgs({ options: { file: { type: 'string' }, port: { type: 'string' } } });

try {
  if (values.file === undefined) throw new Error('Name the replay: --file FILE [--port PORT].');
  const replay = await startReplay({
    file: values.file,
    logger,
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  });
  logger.info({ url: replay.url }, 'replay listening');
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void replay.close().then(() => process.exit(0)));
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
