import { readFileSync } from 'node:fs';

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Where metrics are served; nowhere by default. */
  readonly metricsListen: { readonly host: string; readonly port: number } | undefined;
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

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads RIG_LISTEN (`host:port`, default 127.0.0.1:8083), RIG_METRICS_LISTEN (`host:port`, default none), RIG_CONDUCTOR_URL, RIG_DATABASE_URL_FILE; ranges in CIDR form, with commas:
 * RIG_EGRESS_ALLOW_RANGES and RIG_EGRESS_DENY_RANGES (default none); of each task RIG_EGRESS_MAX_CONNECTIONS (128) and
 * RIG_EGRESS_MAX_MEGABYTES (8192); RIG_EGRESS_IDLE_SECONDS (300), RIG_EGRESS_CONNECT_SECONDS (10), RIG_EGRESS_GRACE_SECONDS (20).
 * Throws an Error whose message says what to set.
 */
export function readSettings(env: Env): Settings {
  return {
    ...address(env.RIG_LISTEN || '127.0.0.1:8083', 'RIG_LISTEN'),
    metricsListen: env.RIG_METRICS_LISTEN ? address(env.RIG_METRICS_LISTEN, 'RIG_METRICS_LISTEN') : undefined,
    conductorURL: url(env, 'RIG_CONDUCTOR_URL'),
    databaseURL: fileText(env, 'RIG_DATABASE_URL_FILE'),
    allowRanges: list(env.RIG_EGRESS_ALLOW_RANGES),
    denyRanges: list(env.RIG_EGRESS_DENY_RANGES),
    connections: whole(env, 'RIG_EGRESS_MAX_CONNECTIONS', 128),
    bytes: whole(env, 'RIG_EGRESS_MAX_MEGABYTES', 8_192) * 1_048_576,
    idleMs: whole(env, 'RIG_EGRESS_IDLE_SECONDS', 300) * 1_000,
    connectMs: whole(env, 'RIG_EGRESS_CONNECT_SECONDS', 10) * 1_000,
    graceMs: whole(env, 'RIG_EGRESS_GRACE_SECONDS', 20) * 1_000,
  };
}

function address(text: string, name: string): { host: string; port: number } {
  const { host, bracketed, port } =
    /^(?:\[(?<bracketed>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535)
    throw new Error(`${name} is not host:port (${text}); write it as 0.0.0.0:8083 or [::]:8083.`);
  return { host: (host ?? bracketed) as string, port: Number(port) };
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '');
}

function whole(env: Env, name: string, fallback: number): number {
  const value = env[name] || String(fallback);
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new Error(`${name} is not a whole number (${value}); set it to at least 1 and under 1000000.`);
  return Number(value);
}

function url(env: Env, name: string): string {
  const value = env[name] ?? '';
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    throw new Error(`${name} is missing or no http(s) URL; set it.`);
  return value.replace(/\/+$/, '');
}

/** The trimmed content of a file that holds a secret; the error names the variable, never the content. */
function fileText(env: Env, name: string): string {
  let text = '';
  try {
    text = readFileSync(env[name] ?? '', 'utf8').trim();
  } catch (cause) {
    throw new Error(`${name} names no readable file; set it to one.`, { cause });
  }
  if (text === '') throw new Error(`The file that ${name} names is empty.`);
  return text;
}
