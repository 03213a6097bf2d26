export { ForgeError, type ForgeErrorCode } from './errors.ts';
export { type ForgeOptions, type RunningForge, startForge } from './forge.ts';
