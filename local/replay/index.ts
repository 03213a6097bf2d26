export { type Replay, ReplayError, readReplay, type Step } from './file.ts';
export { type RunningReplay, type StartReplayOptions, startReplay } from './start.ts';
