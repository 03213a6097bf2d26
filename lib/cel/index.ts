export { compileCel, type Program } from './compile.ts';
export { CelError } from './error.ts';
export type { Data, Field, Vocabulary } from './vocabulary.ts';
