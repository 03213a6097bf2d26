import { parseArgs } from 'node:util';
import { createLogger } from '#lib/observe';
import { PostgresError, startPostgres } from './index.ts';

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    port: { type: 'string' },
    database: { type: 'string', default: 'rig' },
    role: { type: 'string', multiple: true, default: [] },
    'until-stdin-closes': { type: 'boolean', default: false },
  },
});

/** Runs until SIGTERM or SIGINT, then stops the server and exits 0. One JSON line on standard output says when it is ready. */
async function main(): Promise<number> {
  if (values['data-dir'] === undefined) return fail('Name the data directory: --data-dir DIR.', 2);
  const logger = createLogger('postgres');
  const asked = new Promise<undefined>((resolve) => {
    process.once('SIGTERM', () => resolve(undefined));
    process.once('SIGINT', () => resolve(undefined));
    if (values['until-stdin-closes']) process.stdin.resume().once('close', () => resolve(undefined));
  });
  const port = values.port === undefined ? undefined : Number(values.port);
  const server = await startPostgres({ dataDir: values['data-dir'], port, logger });
  for (const role of values.role) await server.url(role, values.database);
  const { pid, credentials } = server;
  process.stdout.write(
    `${JSON.stringify({ ready: true, port: server.port, pid, credentials, database: values.database })}\n`,
  );
  const death = await Promise.race([asked, server.died]);
  await server.stop();
  return death === undefined ? 0 : fail(death, 1);
}

function fail(sentence: string, code: number): number {
  process.stderr.write(`${sentence}\n`);
  return code;
}

process.exitCode = await main().catch((error: unknown) => {
  if (error instanceof PostgresError) return fail(error.message, 1);
  throw error;
});
process.stdin.destroy();
