import {
  type Address,
  address,
  ConfigError,
  httpURL,
  optional,
  optionalAddress,
  secretFile,
  secretText,
} from '#lib/program';

export interface Settings {
  readonly listen: Address;
  /** Where metrics are served; nowhere by default. */
  readonly metricsListen: Address | undefined;
  readonly conductorURL: string;
  readonly databaseURL: string;
  readonly upstreamURL: string;
  /** Read for each call, since keys rotate; undefined where the upstream asks for none. Throws ConfigError. */
  readonly providerKey: () => string | undefined;
}

const PROVIDER = 'https://api.anthropic.com';
const KEY = 'the file with the provider key';

/**
 * Reads RIG_LISTEN (`host:port`, default 127.0.0.1:8082), RIG_METRICS_LISTEN (`host:port`, default none), RIG_CONDUCTOR_URL,
 * RIG_DATABASE_URL_FILE, RIG_UPSTREAM_URL (default https://api.anthropic.com) and RIG_PROVIDER_KEY_FILE. Throws ConfigError.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const keyFile = optional(env, 'RIG_PROVIDER_KEY_FILE');
  if (optional(env, 'RIG_UPSTREAM_URL') === undefined && keyFile === undefined)
    throw new ConfigError(`Set RIG_PROVIDER_KEY_FILE to ${KEY}, or RIG_UPSTREAM_URL to an upstream that needs none.`);
  return {
    listen: address(env, 'RIG_LISTEN', '127.0.0.1:8082'),
    metricsListen: optionalAddress(env, 'RIG_METRICS_LISTEN'),
    conductorURL: httpURL(env, 'RIG_CONDUCTOR_URL', 'the URL of the conductor'),
    databaseURL: secretFile(env, 'RIG_DATABASE_URL_FILE', 'the file that holds the URL of PostgreSQL'),
    upstreamURL: httpURL(env, 'RIG_UPSTREAM_URL', 'the URL of the provider', PROVIDER),
    providerKey: () => (keyFile === undefined ? undefined : secretText(keyFile, 'RIG_PROVIDER_KEY_FILE', KEY)),
  };
}
