import { parseArgs } from 'node:util';
import { createLogger } from '#lib/observe';
import { ForgeError, startForge } from './index.ts';
import { readIsolation } from './isolation.ts';

const logger = createLogger('forge');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string' },
      'webhook-retry': { type: 'string' },
      'ci-isolation': { type: 'string' },
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
  const ciSigning = readSigning(process.env);
  const ciIsolation = readIsolation(values['ci-isolation']);
  const { host } = values;
  const told = { webhookRetrySeconds, ciSigning, ciIsolation };
  const forge = await startForge({ dataDir, adminToken, port, host, logger, ...told });
  const { url, apiURL, graphqlURL } = forge;
  process.stdout.write(`${JSON.stringify({ url, apiURL, graphqlURL })}\n`);
  logger.info({ url }, 'forge listening');
  await stopped;
  await forge.close();
}

/** Both or neither: a runner that was meant to sign must not go without saying so. */
function readSigning({ RIG_FORGE_TRUST_URL: url, RIG_FORGE_CI_SECRET: secret }: NodeJS.ProcessEnv) {
  if (url === undefined && secret === undefined) return undefined;
  if (url !== undefined && secret !== undefined) return { url, secret };
  throw new ForgeError('BadOptions', 'RIG_FORGE_TRUST_URL and RIG_FORGE_CI_SECRET are given together, or not at all.');
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
