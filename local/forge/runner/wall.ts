import { spawn } from 'node:child_process';
import { type Static, Type } from 'typebox';
import { type Execution, type Started, WORK } from './execute.ts';

/** What test commands run behind: the program that the kubelet's walls come from, and what they see of this machine. */
export const Wall = Type.Object(
  {
    /** Absolute path of the program; `kubelet/wall` says what it takes. */
    program: Type.String({ minLength: 1 }),
    /** As its probe answered. */
    userNamespace: Type.Boolean(),
    /** Directories that are seen at their own path, beside those of the system; read-only. */
    readable: Type.Array(Type.String({ minLength: 1 })),
    /** Directories that are not seen, even inside those. */
    hidden: Type.Array(Type.String({ minLength: 1 })),
    /** The machine's network; else loopback alone, and nobody else on it. */
    network: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type Wall = Static<typeof Wall>;

/** How long a container that was killed may take to go. */
const GONE_WITHIN_MS = 10_000;

/**
 * Starts a shell command behind the wall, in the directory `work` of `dir`. `dir` is the container's alone and is removed at its end. When the forge dies,
 * kill -9 included, standard input closes and everything in the container is killed.
 */
export function startWalled(wall: Wall, { command, env }: Pick<Execution, 'command' | 'env'>, dir: string): Started {
  const { program, ...sees } = wall;
  const child = spawn(program, ['run'], { cwd: '/', env: {}, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify({ dir, work: WORK, command: ['/bin/sh', '-c', command], env, ...sees })}\n`);
  let late: NodeJS.Timeout | undefined;
  child.on('exit', () => clearTimeout(late));
  const kill = () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) {
      late ??= setTimeout(() => child.kill('SIGKILL'), GONE_WITHIN_MS);
    }
  };
  return { child, kill, tellsTrouble: true };
}
