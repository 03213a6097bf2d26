export { TrustError, type TrustErrorCode } from './error.ts';
export { type RunningTrust, type StartTrustOptions, startTrust } from './start.ts';
