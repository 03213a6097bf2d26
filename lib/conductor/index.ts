export {
  type ConductorCalls,
  ConductorClient,
  type ConductorClientOptions,
  type TaskCalls,
  type TaskRef,
} from './client.ts';
export { ConductorError, type ConductorErrorCode } from './error.ts';
export * from './schema.ts';
