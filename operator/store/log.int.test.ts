import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isEventsError } from '#lib/events';
import { listQueue } from './queue.ts';
import { cause, edit, eventsOf, file, openLog, queueUp, SHA } from './store.int-kit.ts';

test('50 writers of one stream at once all get their event in, each decided on the state before it', async (t) => {
  const world = await openLog(t, 20);
  t.after(() => world.pool.end());
  const subject = await file(world, 'busy');
  const logs = [world.log, world.another()];
  const written = await Promise.all(
    Array.from({ length: 50 }, (_, i) => logs[i % 2]!.append(subject, cause, (state) => [edit(state)])),
  );
  const events = await eventsOf(world.pool, subject.id);
  assert.deepEqual(
    events.map(({ version }) => version),
    Array.from({ length: 51 }, (_, i) => i + 1),
  );
  for (const { events: own, state } of written) assert.equal(state.version, own[0]!.version);
  const generations = events.map((event) => (event.type === 'ISSUE_EDITED' ? event.data.generation : 1));
  assert.deepEqual(
    generations,
    Array.from({ length: 51 }, (_, i) => i + 1),
  );
});

test('a decision that fails leaves neither event, nor projection, nor its own writes', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'fails');
  await queueUp(world, subject, ['dev-e']);
  const failing = world.log.record(subject, cause, async (state, tx) => {
    await tx.query(`INSERT INTO agent_slots (agent_uid) VALUES ('trace')`);
    if (state.version === 1) throw new Error('cannot decide');
    return { events: [edit(state)], value: undefined };
  });
  await assert.rejects(failing, /cannot decide/);
  const invalid = world.log.append(subject, cause, (state) => [
    edit(state),
    { type: 'CI_PASSED', data: { headSHA: 'no sha', checks: [] } },
  ]);
  await assert.rejects(invalid, (error) => isEventsError(error, 'InvalidEvent'));
  assert.equal((await world.log.load(subject)).version, 1);
  assert.equal((await world.pool.query('SELECT 1 FROM agent_slots')).rowCount, 0);
  assert.equal((await listQueue(world.pool, 'team', 10)).length, 1);
  assert.deepEqual(world.grown, ['fails']);
});

test('what a decision writes beside its events commits once, though a faster writer made it decide again', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'beside');
  let decisions = 0;
  const { value } = await world.log.record(subject, cause, async (state, tx) => {
    decisions += 1;
    await tx.query('INSERT INTO agent_slots (agent_uid) VALUES ($1)', [`decided-at-${state.version}`]);
    if (decisions === 1) await world.another().append(subject, cause, (now) => [edit(now)]);
    return { events: [edit(state)], value: state.version };
  });
  assert.equal(decisions, 2);
  assert.equal(value, 2);
  const { rows } = await world.pool.query('SELECT agent_uid FROM agent_slots');
  assert.deepEqual(rows, [{ agent_uid: 'decided-at-2' }]);
});

test('a load never answers an older version than was committed before it began, whoever wrote', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subjects = [await file(world, 'first'), await file(world, 'second')];
  const logs = [world.log, world.another()];
  const committed = [1, 1];
  const step = fc.record({ issue: fc.nat(1), log: fc.nat(1), write: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      await Promise.all(
        steps.map(async ({ issue, log, write }) => {
          const known = committed[issue]!;
          const subject = subjects[issue]!;
          const state = write
            ? (await logs[log]!.append(subject, cause, (now) => [edit(now)])).state
            : await logs[log]!.load(subject);
          assert.ok(state.version >= known, `version ${state.version} after ${known} was committed`);
          if (write) committed[issue] = Math.max(committed[issue]!, state.version);
        }),
      );
    }),
    { numRuns: 10 },
  );
});

test('a load inside a transaction sees its own events and leaves nothing of them behind when it rolls back', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'inside');
  const rolledBack = world.log.record(subject, cause, async (state, tx) => {
    await world.log.appendIn(tx, subject, cause, state, [edit(state)]);
    assert.equal((await world.log.load(subject, tx)).version, 2);
    throw new Error('back');
  });
  await assert.rejects(rolledBack, /back/);
  assert.equal((await world.log.load(subject)).version, 1);
});

test('an event that ends eligibility takes the issue out of the queue, others leave it there', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'waits');
  await queueUp(world, subject, ['dev-e']);
  await world.log.append(subject, cause, () => [{ type: 'CI_PASSED', data: { headSHA: SHA, checks: ['test'] } }]);
  assert.equal((await listQueue(world.pool, 'team', 10)).length, 1);
  const data = { reason: 'NoAgentFits', message: 'Nobody.' } as const;
  await world.log.append(subject, cause, () => [{ type: 'HUMAN_GATE_TRIGGERED', data }]);
  assert.deepEqual(await listQueue(world.pool, 'team', 10), []);
});

test('a stream that was named this moment is not read, and one that another process began meanwhile is, once an append met it', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'begun-elsewhere');
  const log = world.another();
  log.expectEmpty(subject.id);
  assert.equal((await log.load(subject)).version, 0);
  assert.equal((await log.load(subject)).version, 1);
  log.expectEmpty(subject.id);
  const { state } = await log.append(subject, cause, (before) => [edit(before)]);
  assert.equal(state.version, 2);
});
