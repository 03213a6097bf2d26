import { join } from 'node:path';
import { catalogue, defaultLedgerPolicy, type Tier } from '#domain';
import { createPool, migrate, type Pool } from '#lib/db';
import { EventStore, migrations } from '#lib/events';
import { silentLogger } from '#lib/observe';
import { type Deed, deed, storyOf } from '../../../domain/testing/ledger.ts';
import { LedgerService } from '../../../operator/ledger/service.ts';

const SCHEMA = 'bench_ledger';
const META = JSON.stringify({ actor: { kind: 'controller', name: 'bench' } });
const CLASSES = ['docs', 'bugfix', 'feature', 'refactor', 'dependencies'];
const TIERS: readonly Tier[] = ['T0', 'T0', 'T0', 'T1', 'T2'];

export interface LedgerBench {
  /** Of an empty database; the schema `bench_ledger` is made anew in it. */
  readonly url: string;
  readonly events: number;
}

/** Takes a log of so many events into an empty ledger, to the last line; answers seconds. Throws where a line is missing. */
export async function measureLedger({ url, events }: LedgerBench): Promise<number> {
  const pool = createPool(url, { applicationName: 'rig-bench', schema: SCHEMA, max: 4 });
  try {
    await pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await migrate(pool, { schema: SCHEMA, ...migrations });
    const directory = join(import.meta.dirname, '..', '..', '..', 'operator', 'store', 'migrations');
    await migrate(pool, { schema: SCHEMA, component: 'operator', directory });
    await fill(pool, events);
    const store = new EventStore({ db: pool, types: catalogue });
    const service = new LedgerService({
      pool,
      store,
      policy: () => defaultLedgerPolicy,
      now: Date.now,
      logger: silentLogger,
    });
    const started = performance.now();
    await service.settle();
    const seconds = (performance.now() - started) / 1_000;
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM ledger');
    if (rows[0].n !== AGENTS * CLASSES.length) throw new Error(`The ledger has ${rows[0].n} lines.`);
    await store.idle();
    return seconds;
  } finally {
    await pool.end();
  }
}

const AGENTS = 10;
/** Issues whose events are written at a time. */
const CHUNK = 500;

/** Issues over ten Agents and five classes, each with its whole log, until there are enough events. */
async function fill(pool: Pool, events: number): Promise<void> {
  const day = 86_400_000;
  for (let issue = 1, written = 0; written < events; ) {
    const deeds = Array.from({ length: CHUNK }, (): Deed => {
      const number = issue++;
      return deed({
        issue: number,
        agent: `agent-${number % AGENTS}`,
        taskClass: CLASSES[Math.floor(number / AGENTS) % CLASSES.length]!,
        tier: TIERS[number % 7] ?? 'T0',
        mergedAt: Date.now() - 900 * day + number * 60_000,
        rework: number % 23 === 0 ? 'push' : 'none',
        rollback: number % 97 === 0 ? { at: Date.now() - 10 * day, cause: 'revert' } : null,
      });
    });
    written += await writeDeeds(pool, deeds);
  }
}

async function writeDeeds(pool: Pool, deeds: readonly Deed[]): Promise<number> {
  const ids = deeds.map(({ issue }) => `00000000-0000-7000-8000-${String(issue).padStart(12, '0')}`);
  await pool.query(
    `INSERT INTO subjects (id, kind, namespace, name, uid) SELECT id, 'Issue', 'bench', name, name FROM unnest($1::uuid[], $2::text[]) AS s (id, name)`,
    [ids, deeds.map(({ issue }) => `widgets-${issue}`)],
  );
  const rows = deeds.flatMap((one, index) => storyOf(one).map((event) => ({ ...event, stream: ids[index] })));
  await pool.query(
    `INSERT INTO events (stream, version, type, schema, data, meta, at)
     SELECT stream, version, type, 1, data, $5::jsonb, at
     FROM unnest($1::uuid[], $2::int[], $3::text[], $4::jsonb[], $6::timestamptz[]) AS e (stream, version, type, data, at)`,
    [
      rows.map(({ stream }) => stream),
      rows.map(({ version }) => version),
      rows.map(({ type }) => type),
      rows.map(({ data }) => JSON.stringify(data)),
      META,
      rows.map(({ at }) => new Date(at)),
    ],
  );
  return rows.length;
}
