import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { isAlive, type Layout, readState, reap } from '#lib/datadir';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

const PATIENCE_MS = 90_000;
const POLL_MS = 50;

export function addDown(program: Command): void {
  withCommonOptions(program.command('down'))
    .description('stop the rig; its state stays')
    .action(async (options: CommonOptions) => {
      const terminal = createTerminal(options);
      const layout = layoutOfOptions(options);
      const stopped = await stopRig(layout);
      terminal.result({ stopped }, stopped ? 'The rig is down.' : `No rig is up on ${layout.root}.`);
    });
}

/**
 * Asks the supervisor to go down and waits until it has; what a killed one left behind is ended too. False when nothing ran.
 * Throws ExitError `Environment` when it is still there after 90 s.
 */
export async function stopRig(layout: Layout): Promise<boolean> {
  const state = readState(layout);
  if (!state) return false;
  const { supervisor } = state;
  if (!supervisor || !isAlive(supervisor)) return (await reap(state.processes)).length > 0;
  process.kill(supervisor.pid, 'SIGTERM');
  for (const until = Date.now() + PATIENCE_MS; isAlive(supervisor); await wait(POLL_MS)) {
    if (Date.now() > until)
      throw new ExitError(
        ExitCode.Environment,
        `The rig (process ${supervisor.pid}) is still going down after ${PATIENCE_MS / 1000} s; its logs are in ${layout.logs}.`,
      );
  }
  return true;
}
