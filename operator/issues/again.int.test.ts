import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { fileLife, repositoryReady, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant, repositoryObject } from '../api/objects.int-kit.ts';
import { ISSUES, REPOSITORIES } from '../objects.ts';
import { IssueController } from './controller.ts';

test('a Repository and its Issue with a number that are deleted and applied again: the Issue waits until the Repository is found, and its log goes on', async (t) => {
  const rig = await testConductor(fileLife, { tier: { grade: () => null } });
  const { conductor, client, namespace } = rig;
  const issues = new IssueController(conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await issues.controller.start();
  t.after(() => issues.controller.stop({ graceMs: 100 }));
  const status = async () => (await client.get(ISSUES, { namespace, name: 'again' })).status;
  const types = async () =>
    (
      await rig.db.pool.query(
        `SELECT type FROM events JOIN subjects s ON s.id = stream WHERE s.name = 'again' ORDER BY stream, version`,
      )
    ).rows.map(({ type }) => type);
  const { body } = await rig.world.rest('boss', 'POST /repos/acme/widgets/issues', { title: 'again' }, 201);
  await applyIssue(rig, 'again', { number: body.number });
  await until('it is looked at', async () => (await status())?.phase === 'AwaitingHuman');
  await client.delete(ISSUES, { namespace, name: 'again' });
  await client.delete(REPOSITORIES, { namespace, name: 'widgets' });
  await until('its tombstone', async () => (await types()).at(-1) === 'ISSUE_CANCELLED');
  await until('no Repository', () => conductor.objects.repositories.get(namespace, 'widgets') === undefined);

  await applyIssue(rig, 'again', { number: body.number });
  const reason = async () => (await status())?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  await until('no Repository told', async () => (await reason()) === 'RepositoryMissing');
  await client.create(REPOSITORIES, repositoryObject(rig, 'widgets'));
  await until('it is not found yet', async () => (await reason()) === 'RepositoryNotReady');
  assert.match((await status())!.why!, /Repository widgets is not ready: it has not been looked at yet/);
  const before = await types();
  await repositoryReady(rig);
  await until('it is asked again', async () => (await status())?.phase === 'AwaitingHuman');
  const told = await types();
  assert.deepEqual(told.slice(0, before.length), before);
  assert.equal(told[before.length], 'ISSUE_REOPENED');
  assert.equal(told.filter((type) => type === 'ISSUE_FILED').length, 1);
});
