import { mkdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolEnvironment } from '../../exec/index.ts';
import { mounted } from '../../settings/index.ts';

/** Where the sandbox works. */
export interface Place {
  /** Absolute and free of symbolic links. */
  readonly workDir: string;
  /** Object directory of the runtime's repository, which is only read. */
  readonly objects: string;
  /** Environment of what runs. */
  readonly environment: (home: string) => Record<string, string>;
}

export interface SandboxSettings {
  readonly socket: string;
  /** The runtime's way out, which {@link relayPort} leads to. */
  readonly egressSocket: string;
  readonly originDir: string;
  readonly workDir: string;
}

/**
 * Reads RIG_SANDBOX_SOCKET, RIG_EGRESS_SOCKET, RIG_ORIGIN_DIR and RIG_WORK_DIR. Each defaults to its path in the pod, and is taken
 * below CONTAINER_SANDBOX_MOUNT_POINT where the pod's volumes are there.
 */
export function readSandboxSettings(env: Readonly<Record<string, string | undefined>>): SandboxSettings {
  return {
    socket: mounted(env.RIG_SANDBOX_SOCKET || '/run/rig/sandbox.sock', env),
    egressSocket: mounted(env.RIG_EGRESS_SOCKET || '/run/rig/egress.sock', env),
    originDir: mounted(env.RIG_ORIGIN_DIR || '/var/lib/rig/origin', env),
    workDir: mounted(env.RIG_WORK_DIR || '/var/lib/rig/work', env),
  };
}

/** `relayPort` is where HTTP proxies are spoken to inside the sandbox. */
export async function placeOf(
  { originDir, workDir }: Pick<SandboxSettings, 'originDir' | 'workDir'>,
  relayPort: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Place> {
  await mkdir(workDir, { recursive: true });
  const tmp = await realpath(tmpdir());
  return {
    workDir: await realpath(workDir),
    objects: join(originDir, 'origin.git/objects'),
    environment: (home) => ({ ...toolEnvironment(env, { home, tmp }), ...proxies(`http://127.0.0.1:${relayPort}`) }),
  };
}

/** The names that curl, git, pip, npm and Node read. */
function proxies(url: string): Record<string, string> {
  const none = 'localhost,127.0.0.1,::1';
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: none,
    no_proxy: none,
    NODE_USE_ENV_PROXY: '1',
    npm_config_proxy: url,
    npm_config_https_proxy: url,
    npm_config_noproxy: none,
  };
}
