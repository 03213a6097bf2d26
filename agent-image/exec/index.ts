export { Clipper, clipped } from './clip.ts';
export { type CommandOptions, type CommandResult, runCommand, toolEnvironment } from './command.ts';
