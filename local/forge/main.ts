import { parseArgs } from 'node:util';
import { createLogger } from '#lib/observe';
import { ForgeError, startForge } from './index.ts';

const logger = createLogger('forge');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string' },
      'webhook-retry': { type: 'string' },
    },
  });
  const adminToken = process.env.RIG_FORGE_ADMIN_TOKEN ?? '';
  const dataDir = values['data-dir'];
  if (dataDir === undefined) throw new ForgeError('BadOptions', 'Say where to keep the data: --data-dir DIR.');
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ForgeError('BadOptions', `--port ${values.port} is no port; give a number from 0 to 65535.`);
  }
  const webhookRetrySeconds = readSeconds(values['webhook-retry'] ?? '');
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const forge = await startForge({ dataDir, adminToken, port, host: values.host, logger, webhookRetrySeconds });
  const { url, apiURL, graphqlURL } = forge;
  process.stdout.write(`${JSON.stringify({ url, apiURL, graphqlURL })}\n`);
  logger.info({ url }, 'forge listening');
  await stopped;
  await forge.close();
}

function readSeconds(text: string): number[] {
  const seconds = text.split(',').filter(Boolean).map(Number);
  if (seconds.every((each) => Number.isFinite(each) && each >= 0)) return seconds;
  throw new ForgeError('BadOptions', `--webhook-retry ${text} is no list of seconds; give something like 1,5,30.`);
}

main().catch((error: unknown) => {
  const told = error instanceof ForgeError ? error.message : `The forge could not start: ${(error as Error).message}`;
  process.stderr.write(`${told}\n`);
  process.exit(1);
});
