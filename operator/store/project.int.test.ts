import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DomainEvent, decideAssignment, decideDispatch, type IssueState, nextAttempt, release } from '#domain';
import { transaction } from '#lib/db';
import { branchName, taskName } from './claims.ts';
import { project, type SubjectName } from './project.ts';
import {
  cause,
  edit,
  eventsOf,
  file,
  finished,
  type LogWorld,
  openLog,
  SHA,
  TASK_DEADLINE_MS,
} from './store.int-kit.ts';

const agent = { name: 'dev-e', uid: 'dev-e' };
const reviewer = { name: 'review-e', uid: 'review-e' };
const OPS = [
  'assign',
  'start',
  'finish',
  'lose',
  'stuck',
  'ask',
  'unassign',
  'review',
  'rework',
  'edit',
  'late',
] as const;
type Op = (typeof OPS)[number];

let sequence = 0;
const nextFence = () => `1.${++sequence}`;

/** What an op adds in this state; nothing where it does not fit. `lane` picks the live task it is about. */
function eventsFor(op: Op, lane: 'work' | 'review', state: IssueState, ended: DomainEvent[]): DomainEvent[] {
  const task = state.task[lane];
  const { work } = state;
  switch (op) {
    case 'assign':
      return work === null && state.task.review === null ? assignment(state) : [];
    case 'review':
      return work !== null && state.task.review === null ? dispatch(state, 'review') : [];
    case 'rework':
      return work !== null && state.task.work === null ? dispatch(state, 'rework') : [];
    case 'unassign':
      return release(state, 'TaskLost', 'It ended.');
    case 'edit':
      return [edit(state)];
    case 'late':
      return ended.slice(-2);
    default:
      return task === null ? [] : [reportOf(op, task)];
  }
}

function assignment(state: IssueState): DomainEvent[] {
  const attempt = nextAttempt(state);
  const names = { branch: branchName('one', attempt), task: taskName('one', 'implement', attempt, 1) };
  return decideAssignment({ claim: randomUUID(), agent, attempt, fence: nextFence(), ...names }, 'It is next.');
}

function dispatch(state: IssueState, kind: 'review' | 'rework'): DomainEvent[] {
  const claim = kind === 'review' ? randomUUID() : state.work!.id;
  const task = taskName('one', kind, state.work!.attempt, state.rounds[kind] + 1);
  const who = kind === 'review' ? reviewer : agent;
  return decideDispatch(state, { kind, agent: who, headSHA: SHA, claim, fence: nextFence(), task, why: 'It is next.' });
}

function reportOf(
  op: 'start' | 'finish' | 'lose' | 'stuck' | 'ask',
  task: NonNullable<IssueState['task']['work']>,
): DomainEvent {
  const about = { task: task.name, kind: task.kind, fence: task.fence };
  switch (op) {
    case 'start':
      return { type: 'WORK_STARTED', data: { ...about, model: 'model' } };
    case 'finish':
      return finished(task);
    case 'lose':
      return { type: 'TASK_LOST', data: { ...about, reason: 'TaskLost', message: 'Gone.', infrastructure: true } };
    case 'stuck':
      return { type: 'AGENT_STUCK', data: { ...about, evidence: 'Round and round.' } };
    case 'ask':
      return { type: 'ESCALATED', data: { ...about, question: 'Which?' } };
  }
}

async function rowsOf({ pool }: LogWorld): Promise<unknown> {
  const claims = await pool.query('SELECT * FROM claims ORDER BY id');
  const tasks = await pool.query('SELECT * FROM tasks ORDER BY namespace, name');
  return { claims: claims.rows, tasks: tasks.rows };
}

async function rebuild(world: LogWorld, subject: SubjectName): Promise<void> {
  const events = await eventsOf(world.pool, subject.id);
  await transaction(world.pool, async (tx) => {
    for (const event of events) await project(tx, subject, event, TASK_DEADLINE_MS);
  });
}

test('replaying a stream into empty tables yields the rows that were written live', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const op = fc.record({ op: fc.constantFrom(...OPS), lane: fc.constantFrom('work' as const, 'review' as const) });
  let tasks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 10, maxLength: 40 }), async (ops) => {
      await world.pool.query('TRUNCATE tasks, claims CASCADE');
      const subject = await file(world, 'one');
      const ended: DomainEvent[] = [];
      for (const { op, lane } of [{ op: 'assign', lane: 'work' } as const, ...ops]) {
        const { events } = await world.log.append(subject, cause, (state) => eventsFor(op, lane, state, ended));
        ended.push(...events.filter(({ type }) => ['TASK_FINISHED', 'TASK_LOST', 'WORK_STARTED'].includes(type)));
      }
      const live = await rowsOf(world);
      tasks += (live as { tasks: unknown[] }).tasks.length;
      await world.pool.query('TRUNCATE tasks, claims CASCADE');
      await rebuild(world, subject);
      assert.deepEqual(await rowsOf(world), live);
    }),
    { numRuns: 15 },
  );
  assert.ok(tasks > 15, 'the stories hardly dispatched anything');
});

for (const late of ['finish', 'lose', 'stuck', 'ask', 'start'] as const) {
  test(`a late ${late} of a task that has ended changes no row`, async (t) => {
    const world = await openLog(t);
    t.after(() => world.pool.end());
    const subject = await file(world, 'one');
    await world.log.append(subject, cause, assignment);
    const { task } = await world.log.load(subject);
    await world.log.append(subject, cause, (state) => [...release(state, 'NewerGeneration', 'Edited.')]);
    await world.log.append(subject, cause, assignment);
    const before = await rowsOf(world);
    await world.log.append(subject, cause, () => [reportOf(late, task.work!)]);
    assert.deepEqual(await rowsOf(world), before);
    assert.equal((await world.log.load(subject)).task.work?.attempt, 2);
  });
}

test('the end of a claim ends its live task with the same reason, and a review claim ends with its task', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await file(world, 'one');
  await world.log.append(subject, cause, assignment);
  await world.log.append(subject, cause, (state) => dispatch(state, 'review'));
  await world.log.append(subject, cause, (state) => [finished(state.task.review!)]);
  await world.log.append(subject, cause, (state) => {
    const { id, attempt } = state.work!;
    return [{ type: 'ISSUE_UNASSIGNED', data: { claim: id, attempt, reason: 'NewerGeneration', message: 'Edited.' } }];
  });
  const claims = await world.pool.query('SELECT lane, end_reason FROM claims ORDER BY lane');
  assert.deepEqual(claims.rows, [
    { lane: 'review', end_reason: 'succeeded' },
    { lane: 'work', end_reason: 'NewerGeneration' },
  ]);
  const tasks = await world.pool.query('SELECT lane, ending, reason FROM tasks ORDER BY lane');
  assert.deepEqual(tasks.rows, [
    { lane: 'review', ending: 'succeeded', reason: 'Completed' },
    { lane: 'work', ending: 'cancelled', reason: 'NewerGeneration' },
  ]);
});
