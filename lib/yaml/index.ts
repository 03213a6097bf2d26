export { sameYAML } from './same.ts';
