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
  const port = wholeNumber(text);
  if (port !== null && port <= 65_535) return port;
  throw new ExitError(ExitCode.Usage, `"${text}" is no port: name a number from 1 to 65535.`);
}

/** A number that a forge gave an issue or a pull request, from a flag. Throws ExitError `Usage`. */
export function parseForgeNumber(text: string): number {
  const number = wholeNumber(text);
  if (number !== null) return number;
  throw new ExitError(
    ExitCode.Usage,
    `"${text}" is no number of an issue or a pull request: name a whole number such as 12.`,
  );
}

/** From 1 on, in decimal digits alone; null for anything else, which JavaScript may well take for a number. */
function wholeNumber(text: string): number | null {
  const number = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : null;
}
