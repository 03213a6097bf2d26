export {
  type Address,
  address,
  ConfigError,
  namespace,
  optional,
  optionalAddress,
  required,
  whole,
} from './settings.ts';
