import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ConductorError, type EventView, followEvents, type ReaderOptions, readEvents } from '#lib/conductor';
import { type Layout, requireUp } from '#lib/datadir';
import { createTerminal, ExitCode, ExitError, eventLine, type Terminal } from '#lib/terminal';
import { audit } from '../audit.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

interface EventsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly back?: boolean;
  readonly namespace?: string;
}

export function addEvents(program: Command): void {
  const events = withCommonOptions(program.command('events'))
    .description('the log: everything that happened, oldest first')
    .argument('[issue]', 'only the events of this Issue')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--back', 'from the newest to the first: how long between, who caused each, and what was written meanwhile')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(showEvents);
  withCommonOptions(events.command('export'))
    .description('writes finished streams older than a day to a file, with a digest')
    .requiredOption('--before <date>', 'streams whose newest event is older, e.g. 2026-01-31')
    .requiredOption('--file <path>', 'made new, one JSON line an event')
    .option('--delete', 'deletes what was written, after reading it back')
    .action(exportEvents);
}

interface ExportOptions extends CommonOptions {
  readonly before: string;
  readonly file: string;
  readonly delete?: boolean;
}

function exportEvents(options: ExportOptions): void {
  const { before, file } = options;
  audit(options, 'export', ['--before', before, '--file', file, ...(options.delete ? ['--delete'] : [])]);
}

async function showEvents(issue: string | undefined, options: EventsOptions): Promise<void> {
  if (options.back) return walkBack(issue, options);
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

/** Read from the database itself, whether the conductor runs or not. */
function walkBack(issue: string | undefined, options: EventsOptions): void {
  if (issue === undefined) throw new ExitError(ExitCode.Usage, 'Name the Issue to walk back: rig events ISSUE --back.');
  const namespace = options.namespace ?? requireUp(layoutOfOptions(options)).tenant.namespace;
  audit(options, 'walk', ['--namespace', namespace, '--', issue]);
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
