import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Services {
  readonly env: { readonly RIG_TEST_KUBECONFIG: string };
  stop(): Promise<void>;
}

/**
 * One control plane for a whole run, instead of one for each test file. PostgreSQL is not shared: the horizon a tail reads up to
 * (pg_snapshot_xmin) is that of the whole server, so one file's open transaction would hold up another's tail. It starts in a second.
 * The control plane is a process whose standard input ends with us: it stops even when this run is killed.
 */
export async function startServices(root: string): Promise<Services> {
  const child = spawn(process.execPath, [join(root, 'test', 'kit', 'cluster-main.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [kubeconfig] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => {
      throw new Error('the control plane for the tests did not start');
    }),
  ])) as [string];
  return {
    env: { RIG_TEST_KUBECONFIG: kubeconfig },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
