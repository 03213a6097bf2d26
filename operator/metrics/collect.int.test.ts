import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrate } from '#lib/db';
import { createMetrics, type MetricsRegistry } from '#lib/observe';
import { cause, file, openLog, queueUp } from '../store/store.int-kit.ts';
import { claimNext } from '../store/take.ts';
import { collectConductor } from './collect.ts';

const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 9 };
const issues = [{ status: { phase: 'Done' } }, { status: { phase: 'Done' } }, {}];

async function scraped(metrics: MetricsRegistry) {
  const text = await metrics.text();
  return (series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')
        .at(-1),
    );
}

test('the gauges of the conductor are what the database and the caches say at each scrape', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const metrics = await createMetrics('operator');
  const recorder = { dropped: 2 };
  const conductor = { objects: { issues: { list: () => issues } }, recorder } as never;
  let rootEnd: number | null = null;
  const trustRoot = { readRootEnd: async () => rootEnd };
  collectConductor(metrics, { manager: { measure: () => {} }, conductor, pool: world.pool, trustRoot });
  const first = await scraped(metrics);
  assert.deepEqual(
    ['proxy', 'egress'].map((program) => first(`rig_outbox_lag_seconds{program="${program}"}`)),
    [0, 0],
  );
  assert.equal(first('rig_trusted_root_end_timestamp_seconds'), 0);
  rootEnd = Date.UTC(2030, 0);
  assert.deepEqual([first('rig_issues{phase="Done"}'), first('rig_issues{phase="Pending"}')], [2, 1]);

  for (const program of ['proxy', 'egress'])
    await migrate(world.pool, {
      schema: program,
      component: program,
      directory: join(import.meta.dirname, '../..', program, 'migrations'),
    });
  await world.pool.query(
    `INSERT INTO egress.outbox (id, kind, payload, created_at)
     VALUES (gen_random_uuid(), 'EGRESS_DENIED', '{}', now() - interval '90 seconds')`,
  );
  const subject = await file(world, 'one');
  await queueUp(world, subject, [agent.uid]);
  await claimNext(world.log, agent, world.leader, cause);
  await queueUp(world, await file(world, 'two'), [agent.uid]);
  recorder.dropped = 5;
  const second = await scraped(metrics);
  const lag = second('rig_outbox_lag_seconds{program="egress"}');
  assert.ok(lag >= 90 && lag < 120, String(lag));
  assert.equal(second('rig_outbox_lag_seconds{program="proxy"}'), 0);
  assert.equal(second('rig_trusted_root_end_timestamp_seconds'), Date.UTC(2030, 0) / 1_000);
  assert.equal(second('rig_issues_queued'), 1);
  assert.deepEqual([second('rig_claims_live{lane="work"}'), second('rig_claims_live{lane="review"}')], [1, 0]);
  assert.equal(second('rig_tasks_live{kind="implement"}'), 1);
  assert.equal(second('rig_kube_events_dropped_total'), 5);
});
