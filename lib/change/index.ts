export type { Change, FileChange, FileTexts, Git, ReadChange } from './change.ts';
export { hintsAtManifest } from './marks.ts';
export { type Between, gitIn, readChange } from './read.ts';
