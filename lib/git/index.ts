export { GitCache, type Remote } from './cache.ts';
export { GitError } from './error.ts';
export { type GitOptions, git, gitBytes, gitSays } from './git.ts';
