import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ForgeError } from '#lib/forge';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { type IntakeWorld, openIntake, repositoryOf } from './intake.int-kit.ts';
import { labelled, REPOSITORY } from './payloads.int-kit.ts';

const open = (t: TestContext, repositories = [repositoryOf(REPOSITORY.id, REPOSITORY.full_name)]) =>
  openIntake(t, { client: new FakeClient(new FakeClock()) as unknown as KubeClient, repositories });

const stored = async (world: IntakeWorld) => {
  const { rows } = await world.pool.query(`SELECT count(*)::int AS n FROM events WHERE type = 'ISSUE_APPROVED'`);
  return { approvals: rows[0].n, issues: world.issues().map(({ metadata }) => metadata.name) };
};

test('a delivery whose application keeps failing is tried again and finally failed, with the reason', async (t) => {
  const world = await open(t);
  world.fault = () => {
    throw new Error('the rule is broken');
  };
  await world.send('issues', labelled(7), { id: 'one' });
  assert.deepEqual(await world.outcome('one'), { outcome: 'failed', detail: 'the rule is broken', attempts: 10 });
  assert.deepEqual(await stored(world), { approvals: 0, issues: [] });
});

test('a payload that misses what identifies its subject fails with the reason and holds up nobody', async (t) => {
  const world = await open(t);
  await world.send('issues', { action: 'opened', issue: {}, repository: REPOSITORY }, { id: 'broken' });
  await world.send('issues', labelled(7), { id: 'whole' });
  assert.equal((await world.outcome('whole')).outcome, 'applied');
  const { outcome, detail } = await world.outcome('broken');
  assert.equal(outcome, 'failed');
  assert.match(detail, /nothing was taken/);
});

test('while the forge does not answer a delivery is never given up, and applied when it does', async (t) => {
  const world = await open(t);
  let calls = 0;
  world.fault = () => {
    calls += 1;
    if (calls <= 15) throw new ForgeError('Unavailable', 'The forge is down.');
  };
  await world.send('issues', labelled(7), { id: 'one' });
  const { outcome, attempts } = await world.outcome('one');
  assert.deepEqual([outcome, attempts], ['applied', 16]);
  assert.equal((await stored(world)).approvals, 1);
});

test('a crash between applying and its record: the delivery is applied again and changes nothing', async (t) => {
  const world = await open(t);
  await world.send('issues', labelled(7), { id: 'one' });
  await world.outcome('one');
  await world.until((issues) => issues.length === 1);
  const [before] = world.issues();
  await world.pool.query(`UPDATE deliveries SET finished_at = NULL, outcome = NULL, due_at = now()`);
  const again = await world.outcome('one');
  assert.deepEqual([again.outcome, again.attempts], ['applied', 2]);
  assert.deepEqual(await stored(world), { approvals: 1, issues: [`${before!.metadata.name}`] });
  assert.equal(world.issues()[0]!.metadata.resourceVersion, before!.metadata.resourceVersion);
});

test('an event that no rule looks at is ignored, with a sentence', async (t) => {
  const world = await open(t);
  await world.send('star', { action: 'created', repository: REPOSITORY }, { id: 'one' });
  const { outcome, detail } = await world.outcome('one');
  assert.equal(outcome, 'ignored');
  assert.match(detail, /^Says nothing about the work\.$/);
});

test('what waits behind a thousand deliveries that concern nobody is applied after a few dozen statements', async (t) => {
  const world = await open(t);
  await world.send('star', { action: 'created', repository: REPOSITORY }, { id: 'first' });
  await world.outcome('first');
  await world.pool.query(
    `INSERT INTO deliveries (id, event, headers, body, received_at)
     SELECT 'star-' || n, event, headers, body, received_at FROM deliveries, generate_series(1, 1000) AS n`,
  );
  await world.send('issues', labelled(7), { id: 'behind' });
  assert.equal((await world.outcome('behind')).outcome, 'applied');
  const { rows } = await world.pool.query(
    `SELECT count(*)::int AS ignored, count(DISTINCT xmin::text)::int AS transactions FROM deliveries
     WHERE id LIKE 'star-%' AND outcome = 'ignored'`,
  );
  assert.equal(rows[0].ignored, 1_000);
  assert.ok(rows[0].transactions <= 30, `${rows[0].transactions} transactions`);
});

test('of two Repositories of one forge repository only the older one takes an issue in', async (t) => {
  const elder = repositoryOf(REPOSITORY.id, REPOSITORY.full_name, { name: 'elder', uid: 'a' });
  const younger = repositoryOf(REPOSITORY.id, REPOSITORY.full_name, { name: 'younger', uid: 'b', namespace: 'other' });
  const world = await open(t, [younger, elder]);
  await world.send('issues', labelled(7), { id: 'one' });
  await world.outcome('one');
  await world.until((issues) => issues.length > 0);
  assert.deepEqual((await stored(world)).issues, ['elder-7']);
});

test('a forge that does not answer for one repository holds up no other', async (t) => {
  const theirs = { ...REPOSITORY, id: 6, name: 'slow', full_name: 'other/slow', owner: { login: 'other', id: 60 } };
  const slow = repositoryOf(theirs.id, theirs.full_name, { namespace: 'other' });
  const world = await open(t, [repositoryOf(REPOSITORY.id, REPOSITORY.full_name), slow]);
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  world.keepWaiting = (repository) => {
    if (repository !== 'slow') return Promise.resolve();
    begin();
    return answered;
  };
  for (const id of ['slow-1', 'slow-2', 'slow-3'])
    await world.send('issues', { ...labelled(7), repository: theirs }, { id });
  await begun;
  await world.send('issues', labelled(7), { id: 'quick' });
  await until('the others are applied', async () => {
    const { rows } = await world.pool.query('SELECT id FROM deliveries WHERE finished_at IS NOT NULL');
    return rows.map(({ id }) => id).join() === 'quick';
  });
  await world.until((issues) => issues.length === 1);
  assert.deepEqual((await stored(world)).issues, ['repo-5-7']);
  answer();
  assert.equal((await world.outcome('slow-3')).outcome, 'applied');
  await world.until((issues) => issues.length === 2);
});

test('a term that is over before it began applies nothing', async (t) => {
  const world = await open(t);
  const { DeliveryApplier } = await import('./applier.ts');
  const applier = new DeliveryApplier({ ...({} as ConstructorParameters<typeof DeliveryApplier>[0]) });
  applier.start(AbortSignal.abort());
  applier.kick();
  await applier.idle();
  assert.deepEqual(await stored(world), { approvals: 0, issues: [] });
});
