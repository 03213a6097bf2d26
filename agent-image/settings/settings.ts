import { mounted } from './mounted.ts';

export interface Settings {
  readonly conductorURL: string;
  readonly proxyURL: string;
  /** The proxy that what runs in the sandbox may go out by; undefined where nothing may. */
  readonly egressURL: string | undefined;
  readonly namespace: string;
  readonly task: string;
  /** Projected ServiceAccount token, audience `rig-conductor`; read anew for each exchange, since it rotates. */
  readonly tokenFile: string;
  /** Folder of the runtime's own repository; the sandbox reads it. */
  readonly originDir: string;
  /** Where the sandbox listens. */
  readonly sandboxSocket: string;
  /** Where the runtime listens for what the sandbox sends out. */
  readonly egressSocket: string;
}

/**
 * Reads the runtime's settings from the environment: RIG_CONDUCTOR_URL, RIG_PROXY_URL, RIG_NAMESPACE, RIG_TASK, RIG_TOKEN_FILE, and,
 * where they differ from the pod's, RIG_ORIGIN_DIR, RIG_SANDBOX_SOCKET and RIG_EGRESS_SOCKET; RIG_EGRESS_URL where the sandbox has a
 * way out. Paths are taken as {@link mounted} says. Throws an Error that names every variable that is missing or wrong.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const wrong: string[] = [];
  const text = (name: string) => {
    const value = env[name] ?? '';
    if (value === '') wrong.push(`${name} is missing`);
    return value;
  };
  const url = (name: string) => {
    const value = text(name);
    if (value !== '' && !/^https?:$/.test(URL.parse(value)?.protocol ?? '')) wrong.push(`${name} is no http(s) URL`);
    return value.replace(/\/+$/, '');
  };
  const settings = {
    conductorURL: url('RIG_CONDUCTOR_URL'),
    proxyURL: url('RIG_PROXY_URL'),
    egressURL: env.RIG_EGRESS_URL ? url('RIG_EGRESS_URL') : undefined,
    namespace: text('RIG_NAMESPACE'),
    task: text('RIG_TASK'),
    tokenFile: mounted(text('RIG_TOKEN_FILE'), env),
    originDir: mounted(env.RIG_ORIGIN_DIR || '/var/lib/rig/origin', env),
    sandboxSocket: mounted(env.RIG_SANDBOX_SOCKET || '/run/rig/sandbox.sock', env),
    egressSocket: mounted(env.RIG_EGRESS_SOCKET || '/run/rig/egress.sock', env),
  };
  if (wrong.length > 0)
    throw new Error(
      `The agent cannot start: ${wrong.join(', ')}; the conductor sets these variables in the task's pod.`,
    );
  return settings;
}
