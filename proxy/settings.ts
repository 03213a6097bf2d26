import { readFileSync } from 'node:fs';

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Where metrics are served; nowhere by default. */
  readonly metricsListen: { readonly host: string; readonly port: number } | undefined;
  readonly conductorURL: string;
  readonly databaseURL: string;
  readonly upstreamURL: string;
  /** Re-read for each call, since keys rotate; undefined where the upstream asks for none. */
  readonly providerKeyFile: string | undefined;
}

/**
 * Reads RIG_LISTEN (`host:port`, default 127.0.0.1:8082), RIG_METRICS_LISTEN (`host:port`, default none), RIG_CONDUCTOR_URL, RIG_DATABASE_URL_FILE, RIG_UPSTREAM_URL (default
 * https://api.anthropic.com) and RIG_PROVIDER_KEY_FILE. Throws an Error whose message says what to set.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const upstreamURL = url(env.RIG_UPSTREAM_URL || 'https://api.anthropic.com', 'RIG_UPSTREAM_URL');
  if (!env.RIG_UPSTREAM_URL && !env.RIG_PROVIDER_KEY_FILE)
    throw new Error(
      'Set RIG_PROVIDER_KEY_FILE to the file with the provider key, or RIG_UPSTREAM_URL to an upstream that needs none.',
    );
  return {
    ...address(env.RIG_LISTEN || '127.0.0.1:8082', 'RIG_LISTEN'),
    metricsListen: env.RIG_METRICS_LISTEN ? address(env.RIG_METRICS_LISTEN, 'RIG_METRICS_LISTEN') : undefined,
    conductorURL: url(env.RIG_CONDUCTOR_URL ?? '', 'RIG_CONDUCTOR_URL'),
    databaseURL: fileText(env.RIG_DATABASE_URL_FILE ?? '', 'RIG_DATABASE_URL_FILE'),
    upstreamURL,
    providerKeyFile: env.RIG_PROVIDER_KEY_FILE || undefined,
  };
}

function address(text: string, name: string): { host: string; port: number } {
  const parts = /^(.+):(\d{1,5})$/.exec(text);
  if (!parts) throw new Error(`${name} is not host:port (${text}).`);
  return { host: parts[1] as string, port: Number(parts[2]) };
}

function url(value: string, name: string): string {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    throw new Error(`${name} is missing or no http(s) URL; set it.`);
  return value.replace(/\/+$/, '');
}

/** The trimmed content of a file that holds a secret. Throws an Error that names the variable, never the content. */
export function fileText(path: string, name: string): string {
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (text !== '') return text;
  } catch (cause) {
    throw new Error(`${name} names no readable file; set it to one.`, { cause });
  }
  throw new Error(`The file that ${name} names is empty.`);
}
