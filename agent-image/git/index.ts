export { GitFailure, type GitOptions, type GitResult, runGit } from './git.ts';
export { type GitStream, streamGit } from './stream.ts';
