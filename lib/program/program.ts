import { createLogger, type Logger, startTracing } from '#lib/observe';
import { ConfigError } from './settings.ts';

/** A program that is up. */
export interface Program {
  /** Where it listens. */
  readonly url: string;
  /** Finishes what is under way and lets go of everything. */
  stop(): Promise<void>;
  /** Resolves when it has to be started again by whatever keeps it running. */
  readonly over?: Promise<unknown>;
}

export interface ProgramParts<C> {
  /** Its name in logs and traces. */
  readonly name: string;
  /** Reads what it is told; throws {@link ConfigError}. */
  readonly settings: () => C;
  readonly start: (settings: C, logger: Logger) => Promise<Program>;
}

/**
 * Runs a program until SIGTERM or SIGINT, and then stops it. The process ends with 0 when it stopped, with 1 when it could not start or stop, which the
 * log says, and with 2 and one sentence on stderr when its settings make no sense.
 */
export async function runProgram<C>({ name, settings, start }: ProgramParts<C>): Promise<void> {
  const logger = createLogger(name);
  try {
    const told = settings();
    const stopTracing = await startTracing(name);
    const program = await start(told, logger);
    const end = () =>
      program
        .stop()
        .then(stopTracing)
        .then(
          () => process.exit(0),
          (err: unknown) => {
            logger.error({ err }, 'stopping failed');
            process.exit(1);
          },
        );
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        logger.info({ signal }, 'stopping');
        void end();
      });
    // Whoever reads it may send a signal at once.
    logger.info({ url: program.url }, 'listening');
    program.over?.then(() => process.kill(process.pid, 'SIGTERM'));
  } catch (err) {
    if (err instanceof ConfigError) process.stderr.write(`${name}: ${err.message}\n`);
    else logger.fatal({ err }, 'could not start');
    process.exit(err instanceof ConfigError ? 2 : 1);
  }
}
