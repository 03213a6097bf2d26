export { createLogger, type Logger, silentLogger } from './logger.ts';
export { scrub } from './scrub.ts';
