import { join } from 'node:path';

export interface Settings {
  readonly conductorURL: string;
  readonly proxyURL: string;
  readonly namespace: string;
  readonly task: string;
  /** Projected ServiceAccount token, audience `rig-conductor`; read anew for each exchange, since it rotates. */
  readonly tokenFile: string;
  readonly workDir: string;
}

/**
 * Reads the runtime's settings from the environment: RIG_CONDUCTOR_URL, RIG_PROXY_URL, RIG_NAMESPACE, RIG_TASK, RIG_TOKEN_FILE and
 * RIG_WORK_DIR (default: /work in a host-process pod, else `rig-work` below TMPDIR or /tmp). In a host-process pod both paths are taken
 * below CONTAINER_SANDBOX_MOUNT_POINT. Throws an Error that names every variable that is missing or wrong.
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
    namespace: text('RIG_NAMESPACE'),
    task: text('RIG_TASK'),
    tokenFile: inSandbox(text('RIG_TOKEN_FILE'), env),
    workDir: inSandbox(env.RIG_WORK_DIR || defaultWorkDir(env), env),
  };
  if (wrong.length > 0)
    throw new Error(
      `The agent cannot start: ${wrong.join(', ')}; the conductor sets these variables in the task's pod.`,
    );
  return settings;
}

function defaultWorkDir(env: Readonly<Record<string, string | undefined>>): string {
  return env.CONTAINER_SANDBOX_MOUNT_POINT ? '/work' : join(env.TMPDIR || '/tmp', 'rig-work');
}

/** Where a path of the pod's specification is: in a host-process pod its volumes lie below the pod's own root. */
function inSandbox(path: string, env: Readonly<Record<string, string | undefined>>): string {
  const sandbox = env.CONTAINER_SANDBOX_MOUNT_POINT?.replace(/\/+$/, '');
  if (!sandbox || path === '' || path.startsWith(`${sandbox}/`)) return path;
  return join(sandbox, path);
}
