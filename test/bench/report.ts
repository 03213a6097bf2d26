import { availableParallelism, loadavg, totalmem } from 'node:os';
import { table } from '#lib/terminal';
import type { Measurement } from './scenario.ts';
import { type Summary, summarise } from './statistics.ts';

/** One measurement with its figures; `met` where it has a target. */
export interface Figure extends Summary {
  readonly name: string;
  readonly unit: Measurement['unit'];
  readonly target?: number;
  readonly targetP95?: number;
  readonly targetP99?: number;
  readonly atLeast?: number;
  /** Whether every target it has holds; absent where it has none. */
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
  /** Why the scenario did not come to its end: what it would have measured after that is not among the figures. */
  readonly brokeOff?: string;
}

export function figureOf({ name, unit, samples, ...goals }: Measurement): Figure {
  const summary = summarise(samples);
  const figure = { name, unit, ...rounded(summary), ...goals };
  const held = [
    goals.target !== undefined && summary.median <= goals.target,
    goals.targetP95 !== undefined && summary.p95 <= goals.targetP95,
    goals.targetP99 !== undefined && summary.p99 <= goals.targetP99,
    goals.atLeast !== undefined && summary.median >= goals.atLeast,
  ].filter(Boolean).length;
  const wanted = Object.values(goals).filter((goal) => goal !== undefined).length;
  return wanted === 0 ? figure : { ...figure, met: held === wanted };
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

/** One measurement in one line. */
export function lineOf(measured: Measurement): string {
  const { name, unit, median, min, max } = figureOf(measured);
  return `${name}: ${median.toPrecision(3)} ${unit} (${min.toPrecision(3)}–${max.toPrecision(3)})`;
}

/** The report for people. */
export function render({ figures, machine: { cpus, loadBefore, loadAfter } }: Report): string {
  const rows = figures.map((figure) => {
    const { name, unit, n, median, p95, p99, min, max } = figure;
    return [name, unit, String(n), ...[median, p95, p99, min, max].map(String), goalOf(figure)];
  });
  const load = (values: readonly number[]) => values.map((value) => value.toFixed(1)).join(' ');
  return [
    table(['', 'UNIT', 'N', 'MEDIAN', 'P95', 'P99', 'MIN', 'MAX', 'TARGET'], rows),
    '',
    `${cpus} CPUs; load before ${load(loadBefore)}, after ${load(loadAfter)} (1, 5, 15 min)`,
  ].join('\n');
}

function goalOf({ target, targetP95, targetP99, atLeast, met }: Figure): string {
  if (met === undefined) return '';
  const goals = [
    target !== undefined && `≤ ${target}`,
    targetP95 !== undefined && `p95 ≤ ${targetP95}`,
    targetP99 !== undefined && `p99 ≤ ${targetP99}`,
    atLeast !== undefined && `≥ ${atLeast}`,
  ].filter((goal) => goal !== false);
  return `${goals.join(', ')}  ${met ? 'met' : 'MISSED'}`;
}

function rounded(summary: Summary): Summary {
  const round = (value: number) => Math.round(value * 100) / 100;
  const { n, min, median, p95, p99, max } = summary;
  return { n, min: round(min), median: round(median), p95: round(p95), p99: round(p99), max: round(max) };
}
