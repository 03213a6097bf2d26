import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLogger } from '#lib/observe';
import { startTrust, TrustError } from './index.ts';

const logger = createLogger('trust');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      port: { type: 'string' },
      email: { type: 'string' },
      name: { type: 'string' },
      'code-file': { type: 'string' },
      'ci-secret-file': { type: 'string' },
    },
  });
  const { 'data-dir': dataDir, 'code-file': codeFile, email, name = email } = values;
  if (dataDir === undefined || codeFile === undefined || email === undefined || name === undefined) {
    throw new TrustError(
      'BadRequest',
      'Say where, and for whom: --data-dir DIR --code-file FILE --email ADDRESS [--name NAME] [--port PORT] [--ci-secret-file FILE].',
    );
  }
  const signInCode = readFileSync(codeFile, 'utf8').trim();
  const ciFile = values['ci-secret-file'];
  const ciSecret = ciFile === undefined ? undefined : readFileSync(ciFile, 'utf8').trim();
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const port = Number(values.port ?? 0);
  const trust = await startTrust({ dataDir, port, person: { email, name }, signInCode, codeFile, ciSecret });
  logger.info({ url: trust.url, person: email }, 'trust listening');
  await stopped;
  await trust.close();
}

try {
  await main();
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
