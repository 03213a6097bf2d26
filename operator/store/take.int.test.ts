import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type DomainEvent, release } from '#domain';
import { claimOrEnqueue } from './claims.ts';
import { Draft } from './draft.ts';
import type { SubjectName } from './project.ts';
import { listQueue } from './queue.ts';
import { cause, edit, eventsOf, file, type LogWorld, openLog, queueUp } from './store.int-kit.ts';
import { claimNext, nextTask } from './take.ts';

const dev = { name: 'dev-e', uid: 'dev-e', concurrency: 9 };
const gone: DomainEvent = { type: 'ISSUE_CANCELLED', data: { reason: 'CancelledByPerson', message: 'Deleted.' } };

async function started(t: TestContext): Promise<LogWorld> {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  return world;
}

async function claimDirectly(world: LogWorld, subject: SubjectName): Promise<void> {
  const draft = new Draft(world.log, subject, cause, await world.log.load(subject), Date.now);
  const entry = { subject, priority: 2, filedAt: 0, candidates: [dev.uid], stack: null, message: 'It may be claimed.' };
  assert.equal((await claimOrEnqueue(draft, entry, [dev], world.leader)).holder?.name, dev.name);
}

async function claimFromQueue(world: LogWorld, subject: SubjectName): Promise<void> {
  await queueUp(world, subject, [dev.uid]);
  const claimed = await claimNext(world.log, dev, world.leader, cause);
  assert.equal((claimed as SubjectName).id, subject.id);
}

/** Ends the issue, as the deletion of its object does. */
async function end(world: LogWorld, subject: SubjectName): Promise<void> {
  await world.log.append(subject, cause, (state) => [...release(state, 'CancelledByPerson', 'Deleted.'), gone]);
}

async function given(world: LogWorld, subject: SubjectName): Promise<{ task: string; branch: string }> {
  const { task, work } = await world.log.load(subject);
  return { task: task.work!.name, branch: work!.branch };
}

for (const [way, claim] of [
  ['on arrival', claimDirectly],
  ['from the queue', claimFromQueue],
] as const)
  test(`an Issue of a name that another had, claimed ${way}, has tasks and a branch of its own`, async (t) => {
    const world = await started(t);
    const lives = [];
    for (let life = 0; life < 3; life += 1) {
      const subject = await file(world, 'again');
      await claim(world, subject);
      lives.push(await given(world, subject));
      await end(world, subject);
    }
    assert.deepEqual(lives, [
      { task: 'again-implement-1-1', branch: 'rig/again/1' },
      { task: 'again-implement-2-1', branch: 'rig/again/2' },
      { task: 'again-implement-3-1', branch: 'rig/again/3' },
    ]);
  });

test('attempts of a name are counted on when the streams that had it are deleted', async (t) => {
  const world = await started(t);
  const subject = await file(world, 'exported');
  await claimDirectly(world, subject);
  await end(world, subject);
  for (const table of ['tasks', 'claims'])
    await world.pool.query(`DELETE FROM ${table} WHERE subject = $1`, [subject.id]);
  await world.pool.query('DELETE FROM events WHERE stream = $1', [subject.id]);
  const next = await file(world, 'exported');
  await claimDirectly(world, next);
  assert.equal((await given(world, next)).branch, 'rig/exported/2');
});

test('two Issues of one name that are claimed at once get different attempts', async (t) => {
  const world = await started(t);
  const [one, two] = [await file(world, 'twin'), await file(world, 'twin')];
  await queueUp(world, one, [dev.uid]);
  await queueUp(world, two, [dev.uid], { filedAt: 1 });
  const others = { ...dev, name: 'dev-f', uid: 'dev-f' };
  await world.pool.query('UPDATE queue SET candidates = $1', [[dev.uid, others.uid]]);
  const taken = await Promise.all([dev, others].map((agent) => claimNext(world.another(), agent, world.leader, cause)));
  assert.deepEqual(
    taken.map((one) => typeof one),
    ['object', 'object'],
  );
  const branches = [(await given(world, one)).branch, (await given(world, two)).branch];
  assert.deepEqual(branches.sort(), ['rig/twin/1', 'rig/twin/2']);
});

/** A row that cannot be claimed: the constraint stands for whatever may be wrong with one. */
async function unclaimable({ pool }: LogWorld, { id }: SubjectName): Promise<void> {
  await pool.query(`ALTER TABLE claims ADD CONSTRAINT refused CHECK (subject <> '${id}')`);
}

test('an entry that cannot be claimed leaves the queue, is told, and the next one is claimed', async (t) => {
  const world = await started(t);
  const [broken, sound] = [await file(world, 'broken'), await file(world, 'sound')];
  await unclaimable(world, broken);
  await queueUp(world, broken, [dev.uid], { filedAt: 1 });
  await queueUp(world, sound, [dev.uid], { filedAt: 2 });
  const dropped: string[] = [];
  const note = ({ name }: SubjectName, error: unknown) => void dropped.push(`${name}: ${(error as Error).message}`);
  const claimed = await claimNext(world.log, dev, world.leader, cause, note);
  assert.equal((claimed as SubjectName).id, sound.id);
  assert.equal(dropped.length, 1);
  assert.match(dropped[0]!, /^broken: .*"refused"/);
  assert.deepEqual(await listQueue(world.pool, 'team', 10), []);
  assert.deepEqual(
    (await eventsOf(world.pool, broken.id)).map(({ type }) => type),
    ['ISSUE_FILED'],
  );
});

test('an agent that asks for work is given the next entry where the first cannot be claimed', async (t) => {
  const world = await started(t);
  const [broken, sound] = [await file(world, 'broken'), await file(world, 'sound')];
  await unclaimable(world, broken);
  await queueUp(world, broken, [dev.uid], { filedAt: 1 });
  await queueUp(world, sound, [dev.uid], { filedAt: 2 });
  const next = await nextTask(world.log, dev, cause);
  assert.equal((next as { task: string }).task, 'sound-implement-1-1');
});

test('an entry stays where the database, not the entry, refuses the claim', async (t) => {
  const world = await started(t);
  const subject = await file(world, 'patient');
  await queueUp(world, subject, [dev.uid]);
  await world.pool.query('ALTER TABLE claims RENAME TO elsewhere');
  await assert.rejects(claimNext(world.log, dev, world.leader, cause), /relation "claims" does not exist/);
  await world.pool.query('ALTER TABLE elsewhere RENAME TO claims');
  assert.equal((await listQueue(world.pool, 'team', 10)).length, 1);
});

test('of claims that are asked for at once, one that cannot be made keeps none of the others', async (t) => {
  const world = await started(t);
  const agents = Array.from({ length: 12 }, (_, n) => ({ name: `dev-${n}`, uid: `dev-${n}`, concurrency: 9 }));
  const broken = await file(world, 'broken');
  await unclaimable(world, broken);
  const everybody = agents.map(({ uid }) => uid);
  // Not the first: that one is asked for alone.
  for (let n = 0; n < agents.length; n += 1) {
    const subject = n === 5 ? broken : await file(world, `sound-${n}`);
    await queueUp(world, subject, everybody, { filedAt: n });
  }
  const dropped: string[] = [];
  const ask = (agent: (typeof agents)[number], at: number) =>
    at % 2 === 0
      ? claimNext(world.log, agent, world.leader, cause, ({ name }) => void dropped.push(name))
      : nextTask(world.log, agent, cause);
  await Promise.all(agents.map(ask));
  // Whoever asked while the rows were locked by a claim that was not made was told that there is none.
  for (const agent of agents)
    await claimNext(world.log, agent, world.leader, cause, ({ name }) => void dropped.push(name));
  const { rows } = await world.pool.query(
    'SELECT count(*)::int AS claims, count(DISTINCT subject)::int AS issues FROM claims',
  );
  assert.deepEqual(rows, [{ claims: 11, issues: 11 }]);
  // Two may have met it before it was gone.
  assert.deepEqual([await listQueue(world.pool, 'team', 20), dropped.filter((name) => name !== 'broken')], [[], []]);
});

test('a leader that was followed by another claims nothing, and keeps nothing from agents that ask at the same time', async (t) => {
  const world = await started(t);
  const agents = Array.from({ length: 8 }, (_, n) => ({ name: `dev-${n}`, uid: `dev-${n}`, concurrency: 9 }));
  for (let n = 0; n < agents.length; n += 1)
    await queueUp(
      world,
      await file(world, `work-${n}`),
      agents.map(({ uid }) => uid),
      { filedAt: n },
    );
  const old = { epoch: world.leader.epoch - 1 };
  const answers = await Promise.allSettled(
    agents.map((agent, at) =>
      at % 2 === 0 ? claimNext(world.log, agent, old, cause) : nextTask(world.log, agent, cause),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }, at) => (at % 2 === 0 ? status : typeof (answers[at] as { value?: unknown }).value)),
    agents.map((_, at) => (at % 2 === 0 ? 'rejected' : 'object')),
  );
});

test('of issues that arrive at once, one whose log grew meanwhile keeps none of the others, and no more are claimed than the Agent takes', async (t) => {
  const world = await started(t);
  const agent = { ...dev, concurrency: 5 };
  const subjects: SubjectName[] = [];
  for (let n = 0; n < 8; n += 1) subjects.push(await file(world, `arrives-${n}`));
  const drafts = await Promise.all(
    subjects.map(async (subject) => new Draft(world.log, subject, cause, await world.log.load(subject), Date.now)),
  );
  drafts[3]!.add([edit(drafts[3]!.state)]);
  await world.another().append(subjects[3]!, cause, (state) => [edit(state)]);
  const placed = await Promise.allSettled(
    drafts.map((draft, at) =>
      claimOrEnqueue(
        draft,
        {
          subject: subjects[at]!,
          priority: 2,
          filedAt: at,
          candidates: [dev.uid],
          stack: null,
          message: 'It may be claimed.',
        },
        [agent],
        world.leader,
      ),
    ),
  );
  const answers = placed.map((one) => (one.status === 'rejected' ? 'refused' : (one.value.holder?.name ?? 'queued')));
  assert.equal(answers[3], 'refused');
  assert.deepEqual([...answers].sort(), [...Array(5).fill('dev-e'), 'queued', 'queued', 'refused']);
  assert.equal((await listQueue(world.pool, 'team', 20)).length, 2);
  assert.equal((await world.pool.query('SELECT FROM tasks WHERE ended_at IS NULL')).rowCount, 5);
});
