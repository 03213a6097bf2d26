import { ExitCode, ExitError } from '#lib/terminal';
import type { UpOptions } from './options.ts';
import type { Isolation } from './programs/kubelet.ts';

type Choice = Pick<UpOptions, 'allowUnisolated' | 'context'>;

/** Half a line for the person: what keeps agents' commands in, or who they run as. */
export function describeIsolation({ holds, message }: Isolation, { allowUnisolated }: Choice): string {
  if (holds) return `agents’ commands are isolated. ${message}`;
  return allowUnisolated
    ? `Isolated=False: agents’ commands run as you. ${message}`
    : `Isolated=False: no agent runs here. ${message}`;
}

/** Half a line for the person: what keeps the tests in that the forge runs, or who they run as. */
export function describeTests(
  { holds, message }: Isolation,
  { allowUnisolated }: Pick<UpOptions, 'allowUnisolated'>,
): string {
  if (holds) return 'its tests are isolated';
  return allowUnisolated
    ? `Isolated=False: its tests run as you. ${message}`
    : `Isolated=False: its tests are not run. ${message}`;
}

/**
 * Throws ExitError `Environment` where no agent could run: on a machine without walls that is the only node, unless the person
 * accepted that. A cluster of the person's own has other nodes.
 */
export function refuseUnisolated({ holds, message }: Isolation, { allowUnisolated, context }: Choice): void {
  if (holds || allowUnisolated || context !== undefined) return;
  throw new ExitError(
    ExitCode.Environment,
    `This machine does not isolate what agents run, so none is started. ${message} Mend that, or accept with ` +
      '--allow-unisolated that agents’ commands, tests of the repository included, can read and change what you can.',
  );
}
