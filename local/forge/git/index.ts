export { type Ancestry, objectsApart } from './ancestry.ts';
export type { Commit, Person } from './commits.ts';
export { childrenOf, entryAt, readBlob, type TreeEntry } from './contents.ts';
export { type ChangedPaths, type FileChange, hunkAt, moveLine } from './diff.ts';
export { serveGit } from './http-backend.ts';
export { Locks } from './locks.ts';
export { commitTree, mergeTree, rebaseCommits } from './merge.ts';
export { GitRepository, isValidRef, ZERO_OID } from './repository.ts';
export { gitEnvironment, runGit } from './run.ts';
