export { compileCel, type Data, type Program } from './compile.ts';
export { CelError } from './error.ts';
export type { Field, Vocabulary } from './vocabulary.ts';
