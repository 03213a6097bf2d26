import { destination, type Logger as PinoLogger, pino } from 'pino';
import { correlationId } from './correlation.ts';
import { scrub } from './scrub.ts';

export type Logger = PinoLogger;

/**
 * A JSON logger on standard error, one line a record. Every field passes {@link scrub}, so a secret or a query string
 * handed over by mistake does not reach the log. A line written in work for a subject carries its `correlationId`. `level` defaults to RIG_LOG_LEVEL, then `info`.
 */
export function createLogger(name: string, level: string = process.env.RIG_LOG_LEVEL ?? 'info'): Logger {
  return pino(
    {
      name,
      level,
      base: { name },
      mixin: correlated,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (fields) => scrub(fields) as Record<string, unknown> },
    },
    destination({ dest: 2, sync: true }),
  );
}

function correlated(): object {
  const id = correlationId();
  return id === undefined ? {} : { correlationId: id };
}

/** A logger that writes nothing: the default of libraries, and what unit tests use. */
export const silentLogger: Logger = pino({ level: 'silent' });
