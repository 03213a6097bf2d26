export { judge, type Place } from './judge.ts';
