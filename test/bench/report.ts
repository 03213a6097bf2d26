import { availableParallelism, loadavg, totalmem } from 'node:os';
import { table } from '#lib/terminal';
import type { Measurement } from './scenario.ts';
import { type Summary, summarise } from './statistics.ts';

/** One measurement with its figures; `met` where it has a target. */
export interface Figure extends Summary {
  readonly name: string;
  readonly unit: Measurement['unit'];
  readonly target?: number;
  readonly atLeast?: number;
  readonly met?: boolean;
}

/** The JSON document of one run. */
export interface Report {
  readonly scenario: string;
  readonly rounds: number;
  /** What else the machine did shows in the load (1, 5, 15 minutes): figures of a busy machine are upper bounds. */
  readonly machine: {
    readonly cpus: number;
    readonly memoryMiB: number;
    readonly platform: string;
    readonly node: string;
    readonly loadBefore: readonly number[];
    readonly loadAfter: readonly number[];
  };
  readonly figures: readonly Figure[];
}

export function figureOf({ name, unit, samples, target, atLeast }: Measurement): Figure {
  const summary = summarise(samples);
  const figure = { name, unit, ...rounded(summary) };
  if (target !== undefined) return { ...figure, target, met: summary.median <= target };
  return atLeast === undefined ? figure : { ...figure, atLeast, met: summary.median >= atLeast };
}

export function machine(loadBefore: readonly number[]): Report['machine'] {
  return {
    cpus: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadBefore,
    loadAfter: loadavg(),
  };
}

/** The report for people. */
export function render({ figures, machine: { cpus, loadBefore, loadAfter } }: Report): string {
  const rows = figures.map(({ name, unit, n, median, min, max, ...goal }) => [
    name,
    unit,
    String(n),
    ...[median, min, max].map(String),
    goalOf(goal),
  ]);
  const load = (values: readonly number[]) => values.map((value) => value.toFixed(1)).join(' ');
  return [
    table(['', 'UNIT', 'N', 'MEDIAN', 'MIN', 'MAX', 'TARGET'], rows),
    '',
    `${cpus} CPUs; load before ${load(loadBefore)}, after ${load(loadAfter)} (1, 5, 15 min)`,
  ].join('\n');
}

function goalOf({ target, atLeast, met }: Pick<Figure, 'target' | 'atLeast' | 'met'>): string {
  if (met === undefined) return '';
  return `${target === undefined ? `≥ ${atLeast}` : `≤ ${target}`}  ${met ? 'met' : 'MISSED'}`;
}

function rounded(summary: Summary): Summary {
  const round = (value: number) => Math.round(value * 100) / 100;
  const { n, min, median, p95, max } = summary;
  return { n, min: round(min), median: round(median), p95: round(p95), max: round(max) };
}
