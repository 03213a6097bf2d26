export { type GuardVerdict, judge, type Place } from './judge.ts';
