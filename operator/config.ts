import { parseArgs } from 'node:util';

/** Where the operator listens and whom it talks to. Every value comes from the environment, so that a Deployment is its documentation. */
export interface Config {
  readonly kubeconfig: string | undefined;
  readonly intakeKubeconfig: string | undefined;
  readonly databaseUrlFile: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** URLs as pods reach them. */
  readonly externalUrl: string;
  readonly proxyUrl: string;
  readonly systemNamespace: string;
  readonly dataDir: string;
  readonly readerTokenFile: string | undefined;
  readonly reviewDebounceMs: number;
  readonly taskDeadlineMs: number;
  /** Pause between two writes of one forge identity; what GitHub asks of its clients, 0 where the forge asks nothing. */
  readonly forgeWriteIntervalMs: number;
  /** Grade everything T1 instead of leaving it to a person. */
  readonly ungraded: boolean;
  readonly identity: string;
}

/** A setting that is missing or makes no sense; the message names it and says what to set. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Reads the operator's configuration; throws {@link ConfigError}. Flags: `--ungraded`. */
export function readConfig(env: NodeJS.ProcessEnv, args: readonly string[], pid: number): Config {
  const { values } = parseArgs({
    args: [...args],
    options: { ungraded: { type: 'boolean', default: false } },
    strict: true,
  });
  return {
    kubeconfig: env.RIG_KUBECONFIG,
    intakeKubeconfig: env.RIG_INTAKE_KUBECONFIG ?? env.RIG_KUBECONFIG,
    databaseUrlFile: required(env, 'RIG_DATABASE_URL_FILE', 'the file that holds the URL of PostgreSQL'),
    listen: address(env.RIG_LISTEN ?? '127.0.0.1:8080'),
    externalUrl: url(env, 'RIG_EXTERNAL_URL', 'the URL at which pods reach this conductor'),
    proxyUrl: url(env, 'RIG_PROXY_URL', 'the URL at which pods reach the model proxy'),
    systemNamespace: env.RIG_SYSTEM_NAMESPACE ?? 'rig-system',
    dataDir: required(env, 'RIG_DATA_DIR', 'a directory for the git cache'),
    readerTokenFile: env.RIG_READER_TOKEN_FILE,
    reviewDebounceMs: seconds(env, 'RIG_REVIEW_DEBOUNCE_SECONDS', 60),
    taskDeadlineMs: seconds(env, 'RIG_TASK_DEADLINE_SECONDS', 3_600),
    forgeWriteIntervalMs: milliseconds(env, 'RIG_FORGE_WRITE_INTERVAL_MS', 1_000),
    ungraded: values.ungraded,
    identity: env.POD_NAME ?? `rig-conductor-${pid}`,
  };
}

function required(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new ConfigError(`${name} is not set; set it to ${what}.`);
  return value;
}

function url(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = required(env, name, what);
  if (!URL.canParse(value)) throw new ConfigError(`${name} is not a URL (${value}); set it to ${what}.`);
  return value.replace(/\/+$/, '');
}

function milliseconds(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = env[name] ?? String(fallback);
  if (!/^\d{1,9}$/.test(value)) throw new ConfigError(`${name} is not a number of milliseconds (${value}).`);
  return Number(value);
}

function seconds(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = env[name] ?? String(fallback);
  if (!/^\d{1,7}$/.test(value)) throw new ConfigError(`${name} is not a number of seconds (${value}).`);
  return Number(value) * 1_000;
}

function address(text: string): { host: string; port: number } {
  const match = /^(?<host>[^:]+|\[[^\]]+\]):(?<port>\d{1,5})$/.exec(text);
  if (!match?.groups) throw new ConfigError(`RIG_LISTEN is not host:port (${text}).`);
  return { host: match.groups.host!, port: Number(match.groups.port) };
}
