import { type Address, address, httpURL, optional, optionalAddress, secretFile, whole } from '#lib/program';

export interface Settings {
  readonly listen: Address;
  /** Where metrics are served; nowhere by default. */
  readonly metricsListen: Address | undefined;
  readonly conductorURL: string;
  readonly databaseURL: string;
  /** Ranges of addresses that may be reached although they are inside the network. */
  readonly allowRanges: readonly string[];
  /** Ranges that may not, beside the usual ones: the cluster's pods and services where those are public. */
  readonly denyRanges: readonly string[];
  readonly connections: number;
  readonly bytes: number;
  readonly idleMs: number;
  readonly connectMs: number;
  readonly graceMs: number;
}

type Env = NodeJS.ProcessEnv;

/**
 * Reads RIG_LISTEN (`host:port`, default 127.0.0.1:8083), RIG_METRICS_LISTEN (`host:port`, default none), RIG_CONDUCTOR_URL, RIG_DATABASE_URL_FILE; ranges in CIDR form, with commas:
 * RIG_EGRESS_ALLOW_RANGES and RIG_EGRESS_DENY_RANGES (default none); of each task RIG_EGRESS_MAX_CONNECTIONS (128) and
 * RIG_EGRESS_MAX_MEGABYTES (8192); RIG_EGRESS_IDLE_SECONDS (300), RIG_EGRESS_CONNECT_SECONDS (10), RIG_EGRESS_GRACE_SECONDS (20).
 * Throws ConfigError.
 */
export function readSettings(env: Env): Settings {
  const seconds = (name: string, fallback: number) => whole(env, name, 'seconds', { least: 1, fallback }) * 1_000;
  return {
    listen: address(env, 'RIG_LISTEN', '127.0.0.1:8083'),
    metricsListen: optionalAddress(env, 'RIG_METRICS_LISTEN'),
    conductorURL: httpURL(env, 'RIG_CONDUCTOR_URL', 'the URL of the conductor'),
    databaseURL: secretFile(env, 'RIG_DATABASE_URL_FILE', 'the file that holds the URL of PostgreSQL'),
    allowRanges: list(optional(env, 'RIG_EGRESS_ALLOW_RANGES')),
    denyRanges: list(optional(env, 'RIG_EGRESS_DENY_RANGES')),
    connections: whole(env, 'RIG_EGRESS_MAX_CONNECTIONS', 'connections', { least: 1, fallback: 128 }),
    bytes: whole(env, 'RIG_EGRESS_MAX_MEGABYTES', 'megabytes', { least: 1, fallback: 8_192 }) * 1_048_576,
    idleMs: seconds('RIG_EGRESS_IDLE_SECONDS', 300),
    connectMs: seconds('RIG_EGRESS_CONNECT_SECONDS', 10),
    graceMs: seconds('RIG_EGRESS_GRACE_SECONDS', 20),
  };
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '');
}
