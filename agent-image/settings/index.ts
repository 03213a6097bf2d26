export { mounted } from './mounted.ts';
export { readSettings, type Settings } from './settings.ts';
