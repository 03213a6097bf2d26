import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { decideWish } from '#domain';
import { ensureSubject } from '#lib/events';
import { type KubeClient, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENT_TASKS, ISSUES } from '../objects.ts';
import { IssueController } from './controller.ts';
import { reconcileDeleted, recordDeletions } from './tombstone.ts';
import { wishOf } from './wish.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
let rig: TestConductor;

before(async () => {
  rig = await testConductor(fileLife, { client: new FakeClient(realClock) as unknown as KubeClient });
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
});

async function run(t: TestContext, conductor = rig.conductor): Promise<IssueController> {
  const issues = new IssueController(conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await issues.controller.start();
  t.after(async () => {
    await issues.controller.stop({ graceMs: 1_000 });
    await issues.idle();
  });
  return issues;
}

const streams = async (name: string) => {
  const { rows } = await rig.db.pool.query(
    `SELECT stream, min(s.name) AS subject FROM events LEFT JOIN subjects s ON s.id = stream
     WHERE data->'spec'->>'title' = $1 GROUP BY stream`,
    [`Mend ${name}`],
  );
  return rows.map(({ subject }) => subject);
};

test('a subject that a killed PostgreSQL forgot before its first event is minted again, and no stream is without one', async (t) => {
  const { forges, log } = rig.conductor;
  let killed = 0;
  const forgetting = Object.create(forges, {
    forRepository: {
      value: async (...args: Parameters<typeof forges.forRepository>) => {
        // Committed asynchronously, it was not on the disk yet.
        const forget =
          "DELETE FROM subjects s WHERE name = 'one' AND NOT EXISTS (SELECT FROM events WHERE stream = s.id)";
        if (killed === 0) killed = (await log.pool.query(forget)).rowCount ?? 0;
        return forges.forRepository(...args);
      },
    },
  });
  await run(t, { ...rig.conductor, forges: forgetting });
  await applyIssue(rig, 'one', { number: 901 });
  await until('a subject was forgotten', () => killed > 0);
  await until('the issue goes on', async () => {
    const { status } = await rig.client.get(ISSUES, { namespace: rig.namespace, name: 'one' });
    return status?.phase === 'Implementing';
  });
  assert.deepEqual(await streams('one'), ['one']);
});
