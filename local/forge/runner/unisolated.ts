import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Execution, type Started, WORK } from './execute.ts';

/**
 * The command runs as the leader of a process group that is killed whole when it ends. The watcher holds a pipe from the forge: when the
 * forge dies, kill -9 included, the pipe closes and the watcher kills the group.
 */
const SCRIPT = '{ cat <&3 >/dev/null 2>&1; kill -9 0; } >/dev/null 2>&1 & exec 3<&-; exec sh -c "$RIG_CI_COMMAND"';

/** Starts a shell command in the directory `work` of `dir` as the user of the forge, who can read and change what that user can. */
export async function startUnisolated(
  { command, env }: Pick<Execution, 'command' | 'env'>,
  dir: string,
): Promise<Started> {
  const own = { HOME: join(dir, 'home'), TMPDIR: join(dir, 'tmp') };
  for (const each of Object.values(own)) await mkdir(each);
  const child = spawn('sh', ['-c', SCRIPT], {
    cwd: join(dir, WORK),
    env: { ...own, ...env, RIG_CI_COMMAND: command },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  };
  return { child, kill, tellsTrouble: false };
}
