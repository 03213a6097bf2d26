export { GlobError } from './error.ts';
export { compileGlobs } from './glob.ts';
