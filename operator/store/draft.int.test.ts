import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { DomainEvent } from '#domain';
import { advanceEpoch, isEventsError } from '#lib/events';
import { type Claimant, claimOrEnqueue } from './claims.ts';
import { Draft } from './draft.ts';
import { listQueue } from './queue.ts';
import { cause, edit, eventsOf, file, finished, type LogWorld, openLog, queueUp } from './store.int-kit.ts';
import { claimNext } from './take.ts';

const graded: DomainEvent = {
  type: 'ISSUE_CLASSIFIED',
  data: { tier: 'T1', taskClass: 'fix', reason: 'A test.', generation: 1 },
};
const agent = (name: string, concurrency: number): Claimant => ({ name, uid: name, concurrency });

interface Entered {
  readonly priority?: number;
  readonly filedAt?: number;
}

async function open(world: LogWorld, subject: Awaited<ReturnType<typeof file>>) {
  const draft = new Draft(world.log, subject, cause, await world.log.load(subject), Date.now);
  const claim = (agents: readonly Claimant[], { priority = 2, filedAt = 0 }: Entered = {}) => {
    const candidates = agents.map(({ uid }) => uid);
    const entry = { subject, priority, filedAt, candidates, stack: null, message: 'It may be claimed.' };
    return claimOrEnqueue(draft, entry, agents, world.leader);
  };
  return { draft, claim };
}

async function started(t: TestContext) {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  return world;
}

test('what a draft holds is written with the claim, in order, and not before', async (t) => {
  const world = await started(t);
  const subject = await file(world, 'issue');
  const { draft, claim } = await open(world, subject);
  draft.add([graded]);
  assert.equal(draft.state.classified?.tier, 'T1');
  assert.deepEqual(
    (await eventsOf(world.pool, subject.id)).map(({ type }) => type),
    ['ISSUE_FILED'],
  );
  assert.equal((await claim([agent('dev', 1)])).holder?.name, 'dev');
  const types = (await eventsOf(world.pool, subject.id)).map(({ type }) => type);
  assert.deepEqual(types, ['ISSUE_FILED', 'ISSUE_CLASSIFIED', 'ISSUE_ASSIGNED', 'TASK_DISPATCHED']);
  assert.deepEqual(draft.state, await world.another().load(subject));
});

test('another writer was faster: nothing of the draft is written, and the issue is neither claimed nor queued', async (t) => {
  const world = await started(t);
  const subject = await file(world, 'issue');
  const { draft, claim } = await open(world, subject);
  draft.add([graded]);
  await world.another().append(subject, cause, (state) => [edit(state)]);
  await assert.rejects(claim([agent('dev', 1)]), (error) => isEventsError(error, 'Concurrency'));
  assert.equal((await eventsOf(world.pool, subject.id)).length, 2);
  const { rows } = await world.pool.query('SELECT (SELECT count(*) FROM claims) + (SELECT count(*) FROM queue) AS n');
  assert.equal(rows[0].n, 0);
});

test('without a free slot the issue is queued at the version it then has, and a claimer takes it', async (t) => {
  const world = await started(t);
  const dev = agent('dev', 1);
  const [first, second] = [await file(world, 'first'), await file(world, 'second')];
  assert.equal((await (await open(world, first)).claim([dev])).holder?.name, 'dev');
  const { draft, claim } = await open(world, second);
  draft.add([graded]);
  assert.deepEqual(await claim([dev]), { holder: null, full: true });
  assert.deepEqual(
    (await listQueue(world.pool, 'team', 10)).map(({ issue }) => issue),
    ['second'],
  );
  const { task } = (await world.log.load(first)).task.work
    ? { task: (await world.log.load(first)).task.work! }
    : assert.fail();
  await world.log.append(first, cause, () => [finished({ name: task.name, kind: 'implement', fence: task.fence })]);
  assert.equal(((await claimNext(world.log, dev, world.leader, cause)) as { name: string }).name, 'second');
});

test('an edit that is written with the queueing leaves the issue queued', async (t) => {
  const world = await started(t);
  const subject = await file(world, 'issue');
  await queueUp(world, subject, ['dev']);
  const { draft, claim } = await open(world, subject);
  draft.add([edit(draft.state)]);
  assert.deepEqual(await claim([]), { holder: null, full: true });
  assert.equal((await listQueue(world.pool, 'team', 10)).length, 1);
});

test('an issue goes before another that is queued for the same Agent only by priority, then age', async (t) => {
  const world = await started(t);
  const dev = agent('dev', 10);
  await queueUp(world, await file(world, 'waits'), ['dev'], { priority: 1, filedAt: 1_000 });
  const later = await open(world, await file(world, 'later'));
  assert.deepEqual(await later.claim([dev], { priority: 1, filedAt: 2_000 }), { holder: null, full: false });
  const urgent = await open(world, await file(world, 'urgent'));
  assert.equal((await urgent.claim([dev], { priority: 0, filedAt: 9_000 })).holder?.name, 'dev');
  const elsewhere = await open(world, await file(world, 'elsewhere'));
  assert.equal(
    (await elsewhere.claim([dev, agent('other', 1)], { priority: 3, filedAt: 9_000 })).holder?.name,
    'other',
  );
});

test('a leader that was followed by another gives nothing away', async (t) => {
  const world = await started(t);
  const { claim } = await open(world, await file(world, 'issue'));
  await advanceEpoch(world.pool, 'another');
  await assert.rejects(claim([agent('dev', 1)]), (error) => isEventsError(error, 'StaleEpoch'));
  assert.equal((await listQueue(world.pool, 'team', 10)).length, 0);
});

test('issues that are claimed as they come and issues that are taken from the queue at once: none twice, no Agent above its concurrency', async (t) => {
  const world = await started(t);
  const story = fc.record({
    limits: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    direct: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 12 }),
    queued: fc.integer({ min: 0, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ limits, direct, queued }) => {
      await world.pool.query('TRUNCATE queue, tasks, claims, agent_slots CASCADE');
      const agents = limits.map((limit, index) => agent(`dev-${index}`, limit));
      for (let index = 0; index < queued; index += 1)
        await queueUp(
          world,
          await file(world, `queued-${index}`),
          agents.map(({ uid }) => uid),
        );
      const opened = await Promise.all(
        direct.map(async (_, index) => open(world, await file(world, `direct-${index}`))),
      );
      const takes = agents.map(async (one) => {
        while (typeof (await claimNext(world.log, one, world.leader, cause)) !== 'string');
      });
      // Each prefers another order of the Agents: what is locked must not follow it.
      const claims = opened.map(({ claim }, index) =>
        claim(agents.filter((_, bit) => direct[index]! & (1 << bit)).reverse()),
      );
      await Promise.all([...takes, ...claims]);
      const { rows } = await world.pool.query(
        `SELECT (SELECT count(*) - count(DISTINCT subject) FROM claims) AS twice,
           (SELECT coalesce(json_object_agg(agent_uid, n), '{}') FROM (SELECT agent_uid, count(*)::int AS n FROM tasks GROUP BY 1) AS running) AS running`,
      );
      assert.equal(rows[0].twice, 0);
      for (const { uid, concurrency } of agents) assert.ok((rows[0].running[uid] ?? 0) <= concurrency);
    }),
    { numRuns: 15 },
  );
});
