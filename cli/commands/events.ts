import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ConductorError, type EventView, followEvents, type ReaderOptions, readEvents } from '#lib/conductor';
import { type Layout, requireUp } from '#lib/datadir';
import { createTerminal, ExitCode, ExitError, eventLine, type Terminal } from '#lib/terminal';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

interface EventsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly namespace?: string;
}

export function addEvents(program: Command): void {
  withCommonOptions(program.command('events'))
    .description('the log: everything that happened, oldest first')
    .argument('[issue]', 'only the events of this Issue')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(showEvents);
}

async function showEvents(issue: string | undefined, options: EventsOptions): Promise<void> {
  const terminal = createTerminal(options);
  const reader = readerOf(layoutOfOptions(options), issue, options.namespace);
  try {
    if (options.follow) await follow(reader, terminal);
    else for (const event of (await readEvents(reader)).events) show(event, terminal);
  } catch (error) {
    if (!(error instanceof ConductorError)) throw error;
    const code = error.code === 'Unavailable' ? ExitCode.Environment : ExitCode.NotDone;
    throw new ExitError(code, error.message, { cause: error });
  }
}

async function follow(reader: ReaderOptions, terminal: Terminal): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  for await (const event of followEvents(reader, { signal: interrupted.signal })) show(event, terminal);
  throw new ExitError(ExitCode.Interrupted, '');
}

/** One event a line in either form, so that `--json` can be read as a stream. */
function show(event: EventView, terminal: Terminal): void {
  terminal.result(event, eventLine(event, terminal.colours));
}

/** Throws DataDirError NotUp; ExitError `Environment` where this rig's conductor is not up yet. */
function readerOf(layout: Layout, issue: string | undefined, namespace: string | undefined): ReaderOptions {
  const { urls, tenant } = requireUp(layout);
  if (urls.conductor === undefined)
    throw new ExitError(ExitCode.Environment, 'The rig is still starting: ask again when its operator is up.');
  return { url: urls.conductor, token: readReaderToken(layout), namespace: namespace ?? tenant.namespace, issue };
}

function readReaderToken(layout: Layout): string {
  return readFileSync(`${layout.secrets}/reader-token`, 'utf8');
}
