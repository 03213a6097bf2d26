export { DataDirError, type DataDirErrorCode } from './error.ts';
export { isAlive, type ProcessId, processId } from './identity.ts';
export { cacheDir, dataDirPath, deleteDataDir, type Layout, layoutOf, openDataDir } from './layout.ts';
export { type Lock, lockDataDir } from './lock.ts';
export { type ReapOptions, reap } from './reap.ts';
export { initialState, type ProcessRecord, readState, requireUp, State, writeState } from './state.ts';
