import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricLabels,
  type MetricName,
  metricCatalogue,
} from './metric-catalogue.ts';
import { type MetricDefinition, type MetricLabel, type MetricProgram, OTHER } from './metric-types.ts';

/**
 * Where a program and the libraries under it count. Names and labels are those of the catalogue; a value beyond a label's list or
 * bound is counted as `other`, so that nothing from outside makes series without end. Nothing here throws.
 */
export interface Metrics {
  count<N extends CounterName>(name: N, labels: MetricLabels<N>, by?: number): void;
  set<N extends GaugeName>(name: N, labels: MetricLabels<N>, value: number): void;
  /** Seconds, as every histogram of the catalogue. */
  observe<N extends HistogramName>(name: N, labels: MetricLabels<N>, seconds: number): void;
}

/** Counts nothing: the default of libraries. */
export const noMetrics: Metrics = { count: () => {}, set: () => {}, observe: () => {} };

/** The metrics of one process as Prometheus reads them. */
export interface MetricsRegistry extends Metrics {
  readonly contentType: string;
  /** Called before each scrape, to set gauges; one that fails leaves its gauges as they were and holds up no other. */
  onScrape(collect: () => Promise<void> | void): void;
  /** The exposition, with every metric of the program from the start. */
  text(): Promise<string>;
}

/** The registry of one program, with Node's and the process's own metrics beside the catalogue's. */
export async function createMetrics(program: MetricProgram): Promise<MetricsRegistry> {
  // Only programs that serve metrics pay for the client: commands and agents import this folder too.
  const client = await import('prom-client');
  const register = new client.Registry();
  client.collectDefaultMetrics({ register });
  const metrics = new Map(
    Object.entries(metricCatalogue as Record<string, MetricDefinition>)
      .filter(([, definition]) => definition.of.includes(program))
      .map(([name, definition]) => [name, instrument(client, register, name, definition)]),
  );
  const collectors: (() => Promise<void> | void)[] = [];
  const use = (name: MetricName, labels: object, act: (one: Instrument, safe: Record<string, string>) => void) => {
    const one = metrics.get(name);
    if (one !== undefined) act(one, one.bound(labels as Record<string, string>));
  };
  return {
    contentType: register.contentType,
    count: (name, labels, by = 1) => use(name, labels, (one, safe) => (one.metric as Counter).inc(safe, by)),
    set: (name, labels, value) => use(name, labels, (one, safe) => (one.metric as Gauge).set(safe, value)),
    observe: (name, labels, seconds) =>
      use(name, labels, (one, safe) => (one.metric as Histogram).observe(safe, seconds)),
    onScrape: (collect) => void collectors.push(collect),
    text: async () => {
      await Promise.allSettled(collectors.map(async (collect) => collect()));
      return register.metrics();
    },
  };
}

interface Instrument {
  readonly metric: Counter | Gauge | Histogram;
  bound(labels: Record<string, string>): Record<string, string>;
}

function instrument(
  client: typeof import('prom-client'),
  register: Registry,
  name: string,
  definition: MetricDefinition,
): Instrument {
  const { help, labels = {}, buckets } = definition;
  const common = { name, help, labelNames: Object.keys(labels), registers: [register] };
  const metric =
    definition.type === 'counter'
      ? new client.Counter(common)
      : definition.type === 'gauge'
        ? new client.Gauge(common)
        : new client.Histogram({ ...common, ...(buckets === undefined ? {} : { buckets: [...buckets] }) });
  for (const combination of combinations(labels)) zero(metric, combination);
  const guards = Object.entries(labels).map(([label, values]) => [label, guard(values)] as const);
  return {
    metric,
    bound: (given) => Object.fromEntries(guards.map(([label, keep]) => [label, keep(given[label] ?? OTHER)])),
  };
}

/** The value itself while the label has room for it. */
function guard({ values, atMost = 0 }: MetricLabel): (value: string) => string {
  const known = new Set(values);
  return (value) => {
    if (known.has(value)) return value;
    if (values !== undefined || known.size >= atMost) return OTHER;
    known.add(value);
    return value;
  };
}

/** Every combination of listed values; none where a label's values are not listed. */
function combinations(labels: Readonly<Record<string, MetricLabel>>): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (all, [label, { values = [] }]) => all.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
}

function zero(metric: Counter | Gauge | Histogram, labels: Record<string, string>): void {
  if ('inc' in metric) metric.inc(labels, 0);
  else metric.zero(labels);
}
