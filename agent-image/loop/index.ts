export { DEFAULT_LIMITS, type Limits, Meter } from './limits.ts';
export { type Judgement, type LoopDeps, type LoopEnd, runLoop } from './loop.ts';
export { DEFAULT_STUCK_LIMITS, FRESH, observe, type StuckLimits, type StuckState, type TurnSeen } from './stuck.ts';
