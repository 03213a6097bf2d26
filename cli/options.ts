import type { Command } from 'commander';
import { dataDirPath, type Layout, layoutOf } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';

export interface CommonOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** The options every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--data-dir <dir>', 'where the rig keeps its state (default: RIG_DATA_DIR, else ~/.local/share/rig)')
    .option('--json', 'the result as one line of JSON on standard output; text goes to standard error');
}

export function layoutOfOptions(options: CommonOptions): Layout {
  return layoutOf(dataDirPath(options.dataDir));
}

/** A port from a flag. Throws ExitError `Usage`. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new ExitError(ExitCode.Usage, `"${text}" is no port: name a number from 1 to 65535.`);
}
