export type { ForgeOptions } from './client.ts';
export { ForgeError, type ForgeErrorCode } from './error.ts';
export type * from './facts.ts';
export { createForge } from './github.ts';
export type * from './port.ts';
export type { Answer } from './transport.ts';
export type * from './updates.ts';
export { HOOK_EVENTS, parseDelivery, verifySignature } from './webhook.ts';
