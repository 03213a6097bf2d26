export { assignmentMessage, threadHandles } from './assignment.ts';
export { type SystemFacts, systemBlocks } from './system.ts';
