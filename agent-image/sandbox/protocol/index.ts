export * from './calls.ts';
export { parsed } from './check.ts';
