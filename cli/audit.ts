import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { requireUp } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { checkout } from './checkout.ts';
import { type CommonOptions, layoutOfOptions } from './options.ts';

/**
 * Runs a command of the conductor's audit on the rig's own database and cluster, whether its conductor runs or not, with this
 * process's streams. Throws ExitError with its exit code: 1 where it found something, Environment where it could not tell.
 */
export function audit(options: CommonOptions, name: string, args: readonly string[]): void {
  const layout = layoutOfOptions(options);
  requireUp(layout);
  const identity = (file: string) => join(layout.identities, file);
  const { status } = spawnSync(
    process.execPath,
    [checkout('operator', 'audit', 'main.ts'), name, ...(options.json ? ['--json'] : []), ...args],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        RIG_DATABASE_URL_FILE: identity('rig_conductor.url'),
        RIG_KUBECONFIG: identity('rig-conductor.kubeconfig'),
        RIG_SYSTEM_NAMESPACE: 'rig-system',
      },
    },
  );
  if (status === 0) return;
  // It has said why.
  throw new ExitError(status === 1 ? ExitCode.NotDone : status === 2 ? ExitCode.Usage : ExitCode.Environment, '');
}
