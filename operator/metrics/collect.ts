import type { Pool } from '#lib/db';
import type { Manager } from '#lib/kube';
import { type Metrics, type MetricsRegistry, metricCatalogue } from '#lib/observe';
import type { Conductor } from '../issues/context.ts';

/** Where the gauges of the conductor are read. */
export interface Gauged {
  readonly manager: Pick<Manager, 'measure'>;
  readonly conductor: Pick<Conductor, 'objects' | 'recorder'>;
  readonly pool: Pool;
  /** When the trusted root ends, in ms; null where it does not, or cannot be read. */
  readonly trustRoot: { readRootEnd(): Promise<number | null> };
}

const PATIENCE_MS = 2_000;

/** Sets the gauges before each scrape: of queues and caches from this process, of claims and deliveries from the database. */
export function collectConductor(metrics: MetricsRegistry, { manager, conductor, pool, trustRoot }: Gauged): void {
  let dropped = 0;
  metrics.onScrape(() => {
    manager.measure();
    countPhases(metrics, conductor.objects.issues.list());
    metrics.count('rig_kube_events_dropped_total', {}, conductor.recorder.dropped - dropped);
    dropped = conductor.recorder.dropped;
  });
  metrics.onScrape(() => within(PATIENCE_MS, readDatabase(metrics, pool)));
  metrics.onScrape(() => within(PATIENCE_MS, readRoot(metrics, trustRoot)));
}

async function readRoot(metrics: Metrics, trustRoot: Gauged['trustRoot']): Promise<void> {
  metrics.set('rig_trusted_root_end_timestamp_seconds', {}, Math.floor(((await trustRoot.readRootEnd()) ?? 0) / 1_000));
}

function countPhases(metrics: Metrics, issues: readonly { status?: { phase?: string } }[]): void {
  const counts = new Map<string, number>(metricCatalogue.rig_issues.labels.phase.values.map((phase) => [phase, 0]));
  for (const { status } of issues) {
    const phase = status?.phase ?? 'Pending';
    counts.set(phase, (counts.get(phase) ?? 0) + 1);
  }
  for (const [phase, count] of counts) metrics.set('rig_issues', { phase }, count);
}

const LIVE = `SELECT
  (SELECT count(*)::int FROM queue) AS queued,
  (SELECT count(*)::int FROM claims WHERE ended_at IS NULL AND lane = 'work') AS work,
  (SELECT count(*)::int FROM claims WHERE ended_at IS NULL AND lane = 'review') AS review,
  (SELECT count(*)::int FROM deliveries WHERE finished_at IS NULL) AS waiting,
  (SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)::float FROM deliveries WHERE finished_at IS NULL) AS delivery_lag`;
const TASKS = 'SELECT kind, count(*)::int AS live FROM tasks WHERE ended_at IS NULL GROUP BY kind';
const LAG = 'SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float AS lag';

async function readDatabase(metrics: Metrics, pool: Pool): Promise<void> {
  const [live, tasks] = await Promise.all([pool.query(LIVE), pool.query(TASKS)]);
  const { queued, work, review, waiting, delivery_lag: lag } = live.rows[0];
  metrics.set('rig_issues_queued', {}, queued);
  metrics.set('rig_claims_live', { lane: 'work' }, work);
  metrics.set('rig_claims_live', { lane: 'review' }, review);
  metrics.set('rig_deliveries_waiting', {}, waiting);
  metrics.set('rig_delivery_lag_seconds', {}, Math.max(0, lag));
  for (const kind of metricCatalogue.rig_tasks_live.labels.kind.values ?? [])
    metrics.set('rig_tasks_live', { kind }, tasks.rows.find((row) => row.kind === kind)?.live ?? 0);
  for (const program of metricCatalogue.rig_outbox_lag_seconds.labels.program.values)
    metrics.set('rig_outbox_lag_seconds', { program }, await outboxLag(pool, program));
}

/** Seconds; a program that has never run has no outbox. */
async function outboxLag(pool: Pool, program: 'proxy' | 'egress'): Promise<number> {
  const { rows: installed } = await pool.query('SELECT to_regclass($1) IS NOT NULL AS yes', [`${program}.outbox`]);
  if (installed[0].yes !== true) return 0;
  const { rows } = await pool.query(`${LAG} FROM ${program}.outbox WHERE taken_at IS NULL`);
  return Math.max(0, rows[0].lag);
}

/** A scrape waits no longer than this for the database; what it would have said stays as it was. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  await Promise.race([work, over.promise]).finally(() => clearTimeout(timer));
}
