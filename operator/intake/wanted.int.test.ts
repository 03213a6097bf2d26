import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { openIntake, repositoryOf } from './intake.int-kit.ts';
import { labelled, REPOSITORY } from './payloads.int-kit.ts';

test('wanted: a delivery seen twice changes nothing', async (t) => {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  const world = await openIntake(t, { client, repositories: [repositoryOf(REPOSITORY.id, REPOSITORY.full_name)] });
  const everything = async () => {
    const tables = ['events', 'deliveries', 'effects', 'forge_issues', 'queue'];
    const rows = await Promise.all(tables.map((table) => world.pool.query(`SELECT * FROM ${table} ORDER BY 1, 2`)));
    return { rows: rows.map((one) => one.rows), issues: world.issues() };
  };
  assert.equal((await world.send('issues', labelled(7), { id: 'one' })).status, 202);
  assert.equal((await world.outcome('one')).outcome, 'applied');
  await world.until((issues) => issues.length === 1);
  const before = await everything();
  const seen = world.affected.length;
  for (const _ of [1, 2, 3]) assert.equal((await world.send('issues', labelled(7), { id: 'one' })).status, 200);
  await world.settle();
  assert.deepEqual(await everything(), before);
  assert.equal(world.affected.length, seen);
});
