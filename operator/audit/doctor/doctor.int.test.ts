import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { LEASES } from '#lib/kube';
import { agentsReady } from '../../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../../api/conductor.int-kit.ts';
import { applyTenant } from '../../api/objects.int-kit.ts';
import { readPosition } from '../position.ts';
import { advanced, MarkRecord } from '../record.ts';
import { examine } from './doctor.ts';

const namespace = 'rig-system';
const LONG_AGO = "now() - interval '1 hour'";
let rig: TestConductor;

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
  await rig.db.pool.query("UPDATE leadership SET holder = 'a'");
  const listed = `INSERT INTO forge_listings (host, repository_id, listing, read_at) SELECT host, id, 'issues', now() FROM forge_repositories`;
  await rig.db.pool.query(listed);
  const lease = {
    metadata: { namespace, name: 'rig-conductor' },
    spec: { holderIdentity: 'a', renewTime: '2999-01-01T00:00:00.000000Z' },
  };
  await rig.client.create(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease });
  const found = await readPosition(rig.db.pool);
  await new MarkRecord(rig.client, namespace).update(() => advanced(null, found, Date.now() + 1e9));
});

const findings = async (pool = rig.db.pool) => {
  const record = new MarkRecord(rig.client, namespace);
  return (await examine({ pool, client: rig.client, record, namespace }, Date.now())).map(
    ({ check, what }) => `${check} ${what}`,
  );
};

test('a rig at rest has nothing that is stuck', async () => {
  assert.deepEqual(await findings(), []);
});

test('what is left in the tables is found where it lies', async () => {
  const claim = `INSERT INTO claims (id, subject, lane, agent_name, agent_uid, attempt) VALUES (gen_random_uuid(), gen_random_uuid(), 'work', 'dev-e', 'u', 1) RETURNING id`;
  const { rows } = await rig.db.pool.query(claim);
  for (const sql of [
    `INSERT INTO tasks (namespace, name, subject, claim, lane, kind, agent_name, agent_uid, attempt, round, epoch, sequence, deadline, dispatched_at, seen_at)
     VALUES ('team', 'silent', gen_random_uuid(), '${rows[0].id}', 'work', 'implement', 'dev-e', 'u', 1, 1, 1, 1, now(), ${LONG_AGO}, ${LONG_AGO})`,
    `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at, started_at) VALUES ('comment/x', 'comment', 's', 1, '{}', 'started', ${LONG_AGO}, ${LONG_AGO})`,
    `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at) VALUES ('notice/ops/s@4-1', 'notice', 's', 1, '{}', 'planned', ${LONG_AGO})`,
    `INSERT INTO deliveries (id, event, headers, body, received_at) VALUES ('abc', 'push', '{}', '', ${LONG_AGO})`,
    `INSERT INTO answers (key, namespace, repository, number, subject, body, refusal, due_at) VALUES ('command/1', 'team', 'widgets', 7, 's', 'Yes.', false, ${LONG_AGO})`,
    `INSERT INTO tails (name, txid, pos) VALUES ('sinks', '0', 0)`,
    `INSERT INTO tail_stalls (tail, stream, version, reason, type, schema) VALUES ('sinks', '018f0000-0000-7000-8000-000000000000', 3, 'NewerEvent', 'X', 2)`,
    `INSERT INTO queue (subject, namespace, issue, version, priority, filed_at, candidates, message) VALUES (gen_random_uuid(), 'team', 'q', 1, 2, now(), '{nobody}', 'x')`,
    `UPDATE forge_listings SET read_at = ${LONG_AGO}`,
    `INSERT INTO events (stream, version, type, schema, data, meta, at) VALUES (gen_random_uuid(), 1, 'X', 1, '{}', '{}', ${LONG_AGO})`,
  ])
    await rig.db.pool.query(sql);
  assert.deepEqual(await findings(), [
    'streams sinks 018f0000-0000-7000-8000-000000000000',
    'tasks team/silent',
    'effects comment/x',
    'notices ops',
    'deliveries push abc',
    'answers team/widgets#7',
    'queue team/q',
    'tails sinks',
    'mirror acme/widgets',
  ]);
});

test('a database that does not answer is the finding, not a failure', async () => {
  const dead = { query: () => Promise.reject(new Error('connection refused')) } as never;
  assert.deepEqual(await findings(dead), ['database database']);
});
