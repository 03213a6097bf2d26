import { readFileSync } from 'node:fs';

/** A setting that is missing or makes no sense; the message names it and says what to set. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Where something listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

type Env = NodeJS.ProcessEnv;

/** A setting of the environment; an empty one counts as not set. */
export function optional(env: Env, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

/** `what` to set it to ends the sentence. Throws ConfigError. */
export function required(env: Env, name: string, what: string): string {
  const value = optional(env, name);
  if (value === undefined) throw new ConfigError(`${name} is not set; set it to ${what}.`);
  return value;
}

/** A whole number from `least` to under a million: what is longer than eleven days is a slip of the pen. Throws ConfigError. */
export function whole(
  env: Env,
  name: string,
  unit: 'days' | 'seconds' | 'milliseconds' | 'megabytes' | 'connections',
  { least, fallback }: { readonly least: number; readonly fallback: number },
): number {
  const value = optional(env, name) ?? String(fallback);
  if (!/^\d{1,6}$/.test(value) || Number(value) < least)
    throw new ConfigError(
      `${name} is not a whole number of ${unit} (${value}); set it to at least ${least} and under 1000000.`,
    );
  return Number(value);
}

/** An http or https URL, without slashes at its end; `what` to set it to ends the sentence where it is not set and has no default. Throws ConfigError. */
export function httpURL(env: Env, name: string, what: string, fallback?: string): string {
  const value = optional(env, name) ?? fallback ?? required(env, name, what);
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    throw new ConfigError(`${name} is not an http or https URL (${value}); set it to ${what}.`);
  return value.replace(/\/+$/, '');
}

/** What {@link secretText} reads of the file that a setting names. */
export function secretFile(env: Env, name: string, what: string): string {
  return secretText(required(env, name, what), name, what);
}

/** The trimmed content of the file that the setting `name` names; `what` says what it has to be. Throws ConfigError, which never tells the content. */
export function secretText(path: string, name: string, what: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new ConfigError(`${name} names no readable file (${path}); set it to ${what}.`, { cause });
  }
  if (text === '') throw new ConfigError(`The file that ${name} names is empty (${path}); it has to be ${what}.`);
  return text;
}

/** The name of a namespace; `whose` ends the sentence. Throws ConfigError. */
export function namespace(
  env: Env,
  name: string,
  { fallback, whose }: { readonly fallback: string; readonly whose: string },
): string {
  const value = optional(env, name) ?? fallback;
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
    throw new ConfigError(`${name} is not the name of a namespace (${value}); set it to that of ${whose}.`);
  return value;
}

/** `host:port`, of IPv6 `[host]:port`; undefined where it is not set. Throws ConfigError. */
export function optionalAddress(env: Env, name: string): Address | undefined {
  const text = optional(env, name);
  return text === undefined ? undefined : parsed(name, text);
}

/** The same with a default. */
export function address(env: Env, name: string, fallback: string): Address {
  return parsed(name, optional(env, name) ?? fallback);
}

function parsed(name: string, text: string): Address {
  const { host, bracketed, port } =
    /^(?:\[(?<bracketed>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535)
    throw new ConfigError(
      `${name} is not host:port (${text}); set it to an address and a port, such as 127.0.0.1:8080.`,
    );
  return { host: (host ?? bracketed)!, port: Number(port) };
}
