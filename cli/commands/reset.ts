import type { Command } from 'commander';
import { deleteDataDir } from '#lib/datadir';
import { createTerminal } from '#lib/terminal';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';
import { stopRig } from './down.ts';

export function addReset(program: Command): void {
  withCommonOptions(program.command('reset'))
    .description('stop the rig and delete its data directory: cluster, database and forge')
    .action(async (options: CommonOptions) => {
      const terminal = createTerminal(options);
      const layout = layoutOfOptions(options);
      const stopped = await stopRig(layout);
      const deleted = deleteDataDir(layout.root);
      const text = deleted ? `${layout.root} is deleted.` : `There is nothing at ${layout.root}.`;
      terminal.result({ stopped, deleted, dataDir: layout.root }, text);
    });
}
