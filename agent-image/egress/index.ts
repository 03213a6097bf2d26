export { type Egress, type EgressOptions, startEgress } from './egress.ts';
