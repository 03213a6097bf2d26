export { GlobError } from './error.ts';
export { compileGlobs, indexGlobs } from './glob.ts';
