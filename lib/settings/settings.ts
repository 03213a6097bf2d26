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
  unit: 'days' | 'seconds' | 'milliseconds',
  { least, fallback }: { readonly least: number; readonly fallback: number },
): number {
  const value = optional(env, name) ?? String(fallback);
  if (!/^\d{1,6}$/.test(value) || Number(value) < least)
    throw new ConfigError(
      `${name} is not a whole number of ${unit} (${value}); set it to at least ${least} and under 1000000.`,
    );
  return Number(value);
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
