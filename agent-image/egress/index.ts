export { type Egress, startEgress } from './egress.ts';
