export { runCommand, toolEnvironment } from './command.ts';
