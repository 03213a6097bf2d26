export type { CommitMarks } from './acceptance.ts';
export { HeadRefused, Origin, openOrigin } from './origin.ts';
export type { Gateway, OriginOptions } from './repository.ts';
export { forbiddenWords } from './words.ts';
