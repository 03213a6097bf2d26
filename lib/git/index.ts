export { GitCache, type Remote } from './cache.ts';
export { BareCopies, type CopyOf } from './copies.ts';
export { GitError } from './error.ts';
export { type GitOptions, git, gitBytes, gitSays } from './git.ts';
export type { Needed } from './keeping.ts';
export { type LineageAnswer, type LineageQuestion, type Origin, readLineage } from './lineage.ts';
export { hasWhole } from './tending.ts';
export { Upkeep, type UpkeepOptions } from './upkeep.ts';
