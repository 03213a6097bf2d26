export { ApprovalResponse, readApproval } from './approval.ts';
export {
  type ConductorCalls,
  ConductorClient,
  type ConductorClientOptions,
  type TaskCalls,
  type TaskRef,
} from './client.ts';
export { ConductorError, type ConductorErrorCode } from './error.ts';
export { type LedgerQuery, LedgerResponse, readLedger } from './ledger.ts';
export { type LivenessOptions, whileLive } from './liveness.ts';
export { type FollowOptions, followEvents, type ReaderOptions, readEvents } from './reader.ts';
export { type ReportQuery, ReportResponse, readReport } from './report.ts';
export * from './schema.ts';
export { conductorKeys, type TaskCaller, taskTokenVerifier, type VerifyTaskToken } from './task-token.ts';
export * from './views.ts';
