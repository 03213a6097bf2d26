export { emit, emitToApp, queueDelivery, redeliver, renderPayload } from './emit.ts';
export { Sender } from './sender.ts';
export { signature } from './sign.ts';
