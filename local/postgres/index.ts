export { postgresURL } from './credentials.ts';
export { PostgresError, type PostgresErrorCode } from './errors.ts';
export { type PostgresOptions, type RunningPostgres, startPostgres } from './server.ts';
