import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ReportQuery, type ReportResponse, readReport } from '#lib/conductor';
import { createTerminal, plain, table } from '#lib/terminal';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';
import { explainConductor, readerOf } from '../readers.ts';

interface ReportOptions extends CommonOptions {
  readonly since?: string;
  readonly by: NonNullable<ReportQuery['by']>;
  readonly namespace?: string;
}

export function addReport(program: Command): void {
  withCommonOptions(program.command('report'))
    .description('how long issues take to be merged and live, and how often people had to touch them')
    .option('--since <time>', 'only from then on: 7d, 12h, or a moment such as 2026-03-01', (text) =>
      sinceOf(text, Date.now()),
    )
    .addOption(new Option('--by <group>', 'what to group by').choices(['week', 'agent', 'class']).default('week'))
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .action(async (options: ReportOptions) => {
      const reader = readerOf(layoutOfOptions(options), options.namespace);
      const report = await readReport(reader, options).catch(explainConductor);
      createTerminal(options).result(report, renderReport(report));
    });
}

const UNITS = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** The moment (RFC 3339) that `7d`, `12h`, `2w` or a date means at `now`. Throws commander's InvalidArgumentError. */
export function sinceOf(text: string, now: number): string {
  const { count, unit } = /^(?<count>\d{1,4})(?<unit>[hdw])$/.exec(text)?.groups ?? {};
  const at = count === undefined ? momentOf(text) : now - Number(count) * UNITS[unit as keyof typeof UNITS];
  if (!(at >= 0)) throw new InvalidArgumentError('It is 7d, 12h, 2w, or a moment such as 2026-03-01.');
  return new Date(at).toISOString();
}

const MOMENT = /^(?<day>\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** In ms; NaN for what is no date, which `Date.parse` would take `12` or 30 February for. */
function momentOf(text: string): number {
  const { day } = MOMENT.exec(text)?.groups ?? {};
  const isDay = day !== undefined && new Date(Date.parse(day) || 0).toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}

const HEADINGS = [
  'ISSUES',
  'DONE',
  'OPEN',
  'FAILED',
  'MERGED p50',
  'p95',
  'LIVE p50',
  'p95',
  'TOUCHES',
  'ASKED',
  'TOKENS',
];

/** A table with a line for each group, and one for the whole. */
export function renderReport({ by, all, groups }: ReportResponse): string {
  if (all.issues === 0) return 'Nothing was asked for, merged or went live in that time.';
  return table([by.toUpperCase(), ...HEADINGS], [...groups.map(line), line(all)]);
}

function line(group: ReportResponse['all']): string[] {
  const { key, issues, done, open, failed, cancelled, filedToMerged, filedToLive, touchesPerIssue, asked, tokens } =
    group;
  return [
    plain(key),
    ...[issues, done, open, failed + cancelled].map(String),
    ...[filedToMerged?.p50, filedToMerged?.p95, filedToLive?.p50, filedToLive?.p95].map(span),
    touchesPerIssue.toFixed(1),
    String(asked),
    String(tokens),
  ];
}

/** `45s`, `12m`, `3h 05m`, `2d 04h`; a dash for what was not measured. */
export function span(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${String(minutes % 60).padStart(2, '0')}m`;
  return `${Math.floor(hours / 24)}d ${String(hours % 24).padStart(2, '0')}h`;
}
