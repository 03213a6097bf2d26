export { HeadRefused, Origin, openOrigin } from './origin.ts';
export type { OriginOptions } from './repository.ts';
export { forbiddenWords } from './words.ts';
