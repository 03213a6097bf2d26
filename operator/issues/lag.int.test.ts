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
import { ISSUES } from '../objects.ts';
import type { Conductor } from './context.ts';
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

async function told(name: string): Promise<string[]> {
  const { rows } = await rig.db.pool.query(
    'SELECT type FROM events JOIN subjects s ON s.id = stream WHERE s.name = $1 ORDER BY txid, version',
    [name],
  );
  return rows.map(({ type }) => type);
}

/** An Issue that was deleted and is asked for again, with its subject, which intake has given the uid of the new object. */
async function askedAgain(name: string) {
  const { client, conductor, namespace } = rig;
  const issue = await applyIssue(rig, name);
  const ref = { kind: 'Issue', namespace, name, uid: issue.metadata.uid! };
  const { subject } = await ensureSubject(conductor.log.pool, ref);
  await conductor.log.append(subject, CAUSE, (state) => decideWish(state, wishOf(issue)));
  const gone = () => client.delete(ISSUES, { namespace, name });
  return { subject, gone };
}

/** The conductor, whose cache does not show an Issue of this name. */
function unseen(name: string): Conductor {
  const { objects } = rig.conductor;
  const get: typeof objects.issues.get = (namespace, one) =>
    one === name ? undefined : objects.issues.get(namespace, one);
  const issues = Object.create(objects.issues, { get: { value: get } });
  return { ...rig.conductor, objects: { ...objects, issues } };
}

test('an Issue that the cache does not show yet is not taken for deleted', async () => {
  const { gone } = await askedAgain('two');
  const lagging = unseen('two');
  await reconcileDeleted(lagging, rig.namespace, 'two', CAUSE);
  await recordDeletions(lagging, CAUSE);
  assert.deepEqual(await told('two'), ['ISSUE_FILED']);
  await gone();
  await recordDeletions(lagging, CAUSE);
  assert.deepEqual(await told('two'), ['ISSUE_FILED', 'ISSUE_CANCELLED']);
  await reconcileDeleted(lagging, rig.namespace, 'two', CAUSE);
  assert.deepEqual(await told('two'), ['ISSUE_FILED', 'ISSUE_CANCELLED']);
});

test('an Issue in whose place another object stands is deleted, though there is one of its name', async () => {
  const { gone } = await askedAgain('three');
  await gone();
  await applyIssue(rig, 'three');
  await reconcileDeleted(unseen('three'), rig.namespace, 'three', CAUSE);
  assert.deepEqual(await told('three'), ['ISSUE_FILED', 'ISSUE_CANCELLED']);
});

test('an Issue whose deletion has begun is deleted, whatever its finalizers wait for', async () => {
  const { client, namespace } = rig;
  const { gone } = await askedAgain('four');
  const issue = await client.get(ISSUES, { namespace, name: 'four' });
  await client.replace(ISSUES, { ...issue, metadata: { ...issue.metadata, finalizers: ['test/held'] } });
  await gone();
  await reconcileDeleted(rig.conductor, namespace, 'four', CAUSE);
  assert.deepEqual(await told('four'), ['ISSUE_FILED', 'ISSUE_CANCELLED']);
});

test('an Issue that was deleted unseen is found behind ten thousand that have ended, of which none is read', async () => {
  const { gone } = await askedAgain('five');
  await gone();
  await rig.db.pool.query(
    `WITH old AS (INSERT INTO subjects (id, kind, namespace, name, uid)
       SELECT gen_random_uuid(), 'Issue', 'past', 'old-' || n, 'old-' || n FROM generate_series(1, 10000) AS n RETURNING id)
     INSERT INTO events (stream, version, type, schema, data, meta)
     SELECT id, v, CASE v WHEN 3 THEN 'ISSUE_DONE' ELSE 'ISSUE_EDITED' END, 1, '{}', '{}' FROM old, generate_series(1, 3) AS v`,
  );
  const { log } = rig.conductor;
  const loaded: string[] = [];
  const counting = Object.create(log, {
    pool: { value: log.pool },
    load: {
      value: (subject: { id: string }) => {
        loaded.push(subject.id);
        return log.load(subject);
      },
    },
    append: { value: log.append.bind(log) },
  });
  await recordDeletions({ ...unseen('five'), log: counting }, CAUSE);
  assert.deepEqual(await told('five'), ['ISSUE_FILED', 'ISSUE_CANCELLED']);
  assert.equal(loaded.length, 1);
});
