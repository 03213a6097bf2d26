export { type CommandOptions, type CommandResult, runCommand, toolEnvironment } from './command.ts';
