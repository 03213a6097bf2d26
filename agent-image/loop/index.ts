export { DEFAULT_LIMITS, Meter } from './limits.ts';
export { type Judgement, type LoopDeps, type LoopEnd, runLoop } from './loop.ts';
