export { type AssignmentFacts, assignmentMessage, threadHandles } from './assignment.ts';
export { fenced } from './fence.ts';
export { type SystemFacts, systemBlocks } from './system.ts';
