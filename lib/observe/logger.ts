import { type DestinationStream, destination, type LogFn, type Logger as PinoLogger, pino } from 'pino';
import { correlationId } from './correlation.ts';
import { scrub, scrubText } from './scrub.ts';

export type Logger = PinoLogger;

/**
 * A JSON logger, one line a record. Every message, field and binding passes {@link scrub}, so a secret or a query string handed over by
 * mistake does not reach the log. A line written in work for a subject carries its `correlationId`. `level` defaults to RIG_LOG_LEVEL,
 * then `info`; `to` to standard error.
 */
export function createLogger(
  name: string,
  level: string = process.env.RIG_LOG_LEVEL ?? 'info',
  to: DestinationStream = destination({ dest: 2, sync: true }),
): Logger {
  const logger = pino(
    {
      name,
      level,
      base: { name },
      mixin: correlated,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: fields },
      hooks: { logMethod: scrubbed },
    },
    to,
  );
  const { child } = logger;
  // pino formats the bindings of the first logger alone. Children inherit this from it.
  const scrubbedChild = function (this: Logger, bindings: object, options?: object) {
    return child.call(this, fields(bindings), options);
  };
  return Object.assign(logger, { child: scrubbedChild as Logger['child'] });
}

function fields(given: object): Record<string, unknown> {
  return scrub(given) as Record<string, unknown>;
}

/** Messages are no fields: pino takes them, and what they are filled with, as they are; of an error alone it makes one. */
function scrubbed(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, ...rest] = args as unknown[];
  const own = first instanceof Error && rest.length === 0 ? [{ err: first }, first.message] : [first, ...rest];
  const safe = own.map((arg, at) => (typeof arg === 'string' ? scrubText(arg) : at === 0 ? arg : scrub(arg)));
  method.apply(this, safe as Parameters<LogFn>);
}

function correlated(): object {
  const id = correlationId();
  return id === undefined ? {} : { correlationId: id };
}

/** A logger that writes nothing: the default of libraries, and what unit tests use. */
export const silentLogger: Logger = pino({ level: 'silent' });
