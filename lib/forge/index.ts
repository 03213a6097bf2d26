export { ForgeError, type ForgeErrorCode } from './error.ts';
export type * from './facts.ts';
export type * from './port.ts';
export type * from './updates.ts';
