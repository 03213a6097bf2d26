import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareFences, type Fence, parseFence } from '#domain';
import { transaction } from '#lib/db';
import { advanceEpoch, isEventsError } from '#lib/events';
import { type Claimant, dispatchTask } from './claims.ts';
import { listQueue } from './queue.ts';
import { cause, edit, eventsOf, file, finished, type LogWorld, openLog, queueUp, SHA } from './store.int-kit.ts';
import { claimNext } from './take.ts';

const CLAIMERS = 50;

interface Story {
  readonly agents: readonly number[];
  /** Priority, age, who may take it (a bit an agent), whether its stream moves after it was queued. */
  readonly issues: readonly { priority: number; age: number; candidates: number; moved: boolean }[];
  /** Whether the n-th claim's task ends at once. */
  readonly ends: readonly boolean[];
}

const story: fc.Arbitrary<Story> = fc.record({
  agents: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }),
  issues: fc.array(
    fc.record({
      priority: fc.integer({ min: 0, max: 3 }),
      age: fc.integer({ min: 0, max: 9 }),
      candidates: fc.integer({ min: 1, max: 15 }),
      moved: fc.boolean(),
    }),
    { minLength: 5, maxLength: 40 },
  ),
  ends: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
});

async function prepare(world: LogWorld, { agents, issues }: Story) {
  await world.pool.query('TRUNCATE queue, tasks, claims, agent_slots CASCADE');
  const claimants = agents.map((concurrency, i): Claimant => ({ name: `agent-${i}`, uid: `agent-${i}`, concurrency }));
  const subjects = await Promise.all(issues.map((_, i) => file(world, `issue-${i}`)));
  for (const [i, subject] of subjects.entries()) {
    const { priority, age, candidates, moved } = issues[i]!;
    const uids = claimants.filter((_, bit) => candidates & (1 << bit)).map(({ uid }) => uid);
    await queueUp(world, subject, uids, { priority, filedAt: age * 1_000 });
    const escalation = { task: 'none', kind: 'implement', fence: '1.1', question: 'Why?' } as const;
    if (moved) await world.log.append(subject, cause, () => [{ type: 'ESCALATED', data: escalation }]);
  }
  return { claimants, subjects };
}

async function running(world: LogWorld, agent: Claimant): Promise<number> {
  const sql = 'SELECT count(*)::int AS n FROM tasks WHERE agent_uid = $1 AND ended_at IS NULL';
  return (await world.pool.query(sql, [agent.uid])).rows[0].n;
}

/** Claims as long as there is something, lets some tasks end at once; answers the names it got. */
async function claimer(world: LogWorld, agent: Claimant, ends: Iterator<boolean>): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const subject = await claimNext(world.log, agent, world.leader, cause);
    if (typeof subject === 'string') return got;
    got.push(subject.id);
    assert.ok((await running(world, agent)) <= agent.concurrency, `${agent.name} runs more than ${agent.concurrency}`);
    if (ends.next().value !== true) continue;
    await world.log.append(subject, cause, (state) => [finished(state.task.work!)]);
  }
}

async function fencesOf(world: LogWorld, subject: { id: string }): Promise<Fence[]> {
  const events = await eventsOf(world.pool, subject.id);
  return events.flatMap((event) => (event.type === 'TASK_DISPATCHED' ? parseFence(event.data.fence)! : []));
}

test('50 claimers at once: no issue is claimed twice, no Agent runs more than its concurrency, no moved entry is claimed, every fence is new', async (t) => {
  const world = await openLog(t, CLAIMERS);
  t.after(() => world.pool.end());
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { claimants, subjects } = await prepare(world, told);
      const ends = told.ends[Symbol.iterator]();
      const claimed = await Promise.all(
        Array.from({ length: CLAIMERS }, (_, i) => claimer(world, claimants[i % claimants.length]!, ends)),
      );
      const ids = claimed.flat();
      assert.equal(new Set(ids).size, ids.length, 'an issue was claimed twice');
      for (const [i, { id, name }] of subjects.entries())
        assert.ok(!(told.issues[i]!.moved && ids.includes(id)), `${name} moved and was claimed`);
      const fences = (await Promise.all(subjects.map((subject) => fencesOf(world, subject)))).flat();
      assert.equal(fences.length, ids.length);
      assert.equal(new Set(fences.map(({ sequence }) => sequence)).size, ids.length, 'a fence was given twice');
      for (const agent of claimants) {
        const free = (await running(world, agent)) < agent.concurrency;
        const sql = 'SELECT count(*)::int AS n FROM queue WHERE $1 = ANY(candidates)';
        const left = (await world.pool.query(sql, [agent.uid])).rows[0].n;
        assert.ok(!free || left === 0, `${agent.name} is free while ${left} issues wait for it`);
      }
    }),
    { numRuns: 6 },
  );
});

test('one claimer is served by priority, then age', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { claimants, subjects } = await prepare(world, told);
      const agent = { ...claimants[0]!, concurrency: 100 };
      const places = told.issues.map(({ priority, age, candidates, moved }, i) => ({
        place: priority * 100 + age,
        mine: !moved && (candidates & 1) === 1,
        id: subjects[i]!.id,
      }));
      const wanted = places.filter(({ mine }) => mine).map(({ place }) => place);
      const got = await claimer(world, agent, [][Symbol.iterator]());
      const served = got.map((id) => places.find((one) => one.id === id)!.place);
      assert.deepEqual(
        served,
        wanted.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 4 },
  );
});

test('30 issues at once with concurrency 5: exactly 5 run and 25 stay queued', async (t) => {
  const world = await openLog(t, CLAIMERS);
  t.after(() => world.pool.end());
  const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 5 };
  const subjects = await Promise.all(Array.from({ length: 30 }, (_, i) => file(world, `burst-${i}`)));
  await Promise.all(subjects.map((subject) => queueUp(world, subject, [agent.uid])));
  const answers = await Promise.all(
    Array.from({ length: CLAIMERS }, () => claimNext(world.log, agent, world.leader, cause)),
  );
  assert.equal(answers.filter((answer) => typeof answer === 'object').length, 5);
  assert.equal(answers.filter((answer) => answer === 'full').length, CLAIMERS - 5);
  assert.equal(await running(world, agent), 5);
  assert.equal((await listQueue(world.pool, 'team', 100)).length, 25);
});

test('the fences of one issue grow over attempts, rework, review and a change of leader', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 1 };
  const reviewer = { name: 'review-e', uid: 'review-e', concurrency: 1 };
  const subject = await file(world, 'long');
  let { leader } = world;
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await queueUp(world, subject, [agent.uid]);
    assert.equal(typeof (await claimNext(world.log, agent, leader, cause)), 'object');
    await world.log.append(subject, cause, (state) => [finished(state.task.work!)]);
    for (const kind of ['review', 'rework'] as const) {
      const { version } = await world.log.load(subject);
      const wanted = { kind, agent: kind === 'review' ? reviewer : agent, headSHA: SHA, why: 'It is next.' };
      assert.ok(await dispatchTask(world.log, subject, version, wanted, leader, cause));
      const live = (await world.log.load(subject)).task[kind === 'review' ? 'review' : 'work']!;
      await world.log.append(subject, cause, () => [finished(live)]);
    }
    await world.log.append(subject, cause, (state) => [
      { type: 'ISSUE_UNASSIGNED', data: { claim: state.work!.id, attempt, reason: 'TaskLost', message: 'Lost.' } },
    ]);
    leader = { epoch: await advanceEpoch(world.pool, 'next') };
  }
  const fences = await fencesOf(world, subject);
  assert.equal(fences.length, 9);
  for (let i = 1; i < fences.length; i += 1)
    assert.ok(compareFences(fences[i - 1]!, fences[i]!) < 0, `${JSON.stringify(fences[i])} does not grow`);
});

test('a leader that was followed by another claims nothing', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 1 };
  await queueUp(world, await file(world, 'late'), [agent.uid]);
  await advanceEpoch(world.pool, 'next');
  await assert.rejects(claimNext(world.log, agent, world.leader, cause), (error) => isEventsError(error, 'StaleEpoch'));
  assert.equal(await running(world, agent), 0);
  assert.equal((await listQueue(world.pool, 'team', 10)).length, 1);
});

test('a further task is dispatched only while the issue is as decided and its Agent has a free slot', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 1 };
  const [one, two] = [await file(world, 'one'), await file(world, 'two')];
  const review = { kind: 'review', agent, headSHA: SHA, why: 'Look.' } as const;
  assert.equal(await dispatchTask(world.log, one, 0, review, world.leader, cause), false);
  assert.equal(await dispatchTask(world.log, one, 1, review, world.leader, cause), true);
  assert.equal(await dispatchTask(world.log, two, 1, review, world.leader, cause), false);
  assert.equal((await world.log.load(two)).version, 1);
});

test('an edit that meets a claim of the same issue waits for it instead of deadlocking', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'met');
  await queueUp(world, subject, ['dev-e']);
  const state = await world.log.load(subject);
  let edited: Promise<unknown> | undefined;
  await transaction(
    world.pool,
    async (tx) => {
      await tx.query('SELECT 1 FROM queue WHERE subject = $1 FOR UPDATE', [subject.id]);
      edited = world.another().append(subject, cause, (now) => [edit(now)]);
      await waitsForLock(world);
      const assigned = { claim: crypto.randomUUID(), agent: { name: 'dev-e', uid: 'dev-e' }, attempt: 1, fence: '1.1' };
      const event = { type: 'ISSUE_ASSIGNED', data: { ...assigned, branch: 'rig/met/1' } } as const;
      await world.log.appendIn(tx, subject, cause, state, [event]);
    },
    { attempts: 1 },
  );
  await edited;
  assert.deepEqual(
    (await eventsOf(world.pool, subject.id)).map(({ type }) => type),
    ['ISSUE_FILED', 'ISSUE_ASSIGNED', 'ISSUE_EDITED'],
  );
});

async function waitsForLock({ pool }: LogWorld): Promise<void> {
  const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await pool.query(sql)).rows[0].n === 0);
}
