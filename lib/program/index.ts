export { type Program, type ProgramParts, runProgram } from './program.ts';
export {
  type Address,
  address,
  ConfigError,
  httpURL,
  namespace,
  optional,
  optionalAddress,
  required,
  secretFile,
  secretText,
  whole,
} from './settings.ts';
