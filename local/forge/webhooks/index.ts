export { emit, queueDelivery, redeliver, renderPayload } from './emit.ts';
export { Sender } from './sender.ts';
export { signature } from './sign.ts';
