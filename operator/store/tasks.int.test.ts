import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '#lib/db';
import { enqueue, listQueue } from './queue.ts';
import { cause, file, finished, type LogWorld, openLog, queueUp } from './store.int-kit.ts';
import { claimNext } from './take.ts';
import { bindPod, findTask, heartbeat, runningByAgent, tasksOf } from './tasks.ts';

const agent = { name: 'dev-e', uid: 'dev-e', concurrency: 9 };
const TASK = 'one-implement-1-1';

async function claimed(world: LogWorld) {
  const subject = await file(world, 'one');
  await queueUp(world, subject, [agent.uid]);
  await claimNext(world.log, agent, world.leader, cause);
  return subject;
}

const bind = (pool: Pool, uid: string, at = 0) => bindPod(pool, 'team', TASK, { name: `pod-${uid}`, uid }, at);

test('of many pods that ask for one task the first wins, again and again, and no other ever does', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  await claimed(world);
  const uids = Array.from({ length: 12 }, (_, i) => `pod-${i}`);
  const answers = await Promise.all(uids.map((uid) => bind(world.pool, uid)));
  const winner = uids[answers.indexOf(true)]!;
  assert.equal(answers.filter(Boolean).length, 1);
  assert.deepEqual((await findTask(world.pool, 'team', TASK))?.pod, { name: `pod-${winner}`, uid: winner });
  assert.deepEqual(await Promise.all(uids.map((uid) => bind(world.pool, uid))), answers);
});

test('an ended task is bound to no pod and takes no heartbeat', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await claimed(world);
  assert.equal(await bind(world.pool, 'a'), true);
  assert.deepEqual(await runningByAgent(world.pool), new Map([[agent.uid, 1]]));
  await world.log.append(subject, cause, (state) => [finished(state.task.work!)]);
  assert.equal(await bind(world.pool, 'a'), false);
  assert.equal(await heartbeat(world.pool, 'team', TASK, Date.now()), false);
  assert.deepEqual(await runningByAgent(world.pool), new Map());
});

test('a sign of life never moves backwards, and the start stays where it was first seen', async (t) => {
  const world = await openLog(t);
  t.after(() => world.pool.end());
  const subject = await claimed(world);
  const [row] = await tasksOf(world.pool, subject.id);
  const later = row!.seenAt + 60_000;
  assert.equal(await heartbeat(world.pool, 'team', TASK, later), true);
  assert.equal(await heartbeat(world.pool, 'team', TASK, row!.seenAt), true);
  assert.equal((await findTask(world.pool, 'team', TASK))?.seenAt, later);
  await bind(world.pool, 'a', later + 1);
  await bind(world.pool, 'a', later + 9);
  const bound = await findTask(world.pool, 'team', TASK);
  assert.deepEqual([bound?.startedAt, bound?.seenAt], [later + 1, later + 9]);
  assert.equal(bound?.deadline, row!.dispatchedAt + 3_600_000);
});

test('a name that no task has answers null, false and an empty list', async (t) => {
  const { pool } = await openLog(t);
  t.after(() => pool.end());
  assert.equal(await findTask(pool, 'team', 'nothing'), null);
  assert.equal(await heartbeat(pool, 'team', 'nothing', 0), false);
  assert.deepEqual(await tasksOf(pool, crypto.randomUUID()), []);
});

test('a queue entry is renewed by a newer decision and kept against an older one', async (t) => {
  const { pool } = await openLog(t);
  t.after(() => pool.end());
  const subject = { id: crypto.randomUUID(), namespace: 'team', name: 'one' };
  const entry = { subject, version: 5, priority: 2, filedAt: 1, candidates: ['a'], stack: null, message: 'five' };
  await enqueue(pool, entry);
  await enqueue(pool, { ...entry, version: 4, message: 'four' });
  assert.equal((await listQueue(pool, 'team', 10))[0]?.message, 'five');
  await enqueue(pool, { ...entry, version: 6, priority: 0, message: 'six' });
  const [renewed] = await listQueue(pool, 'team', 10);
  assert.deepEqual([renewed?.message, renewed?.priority], ['six', 0]);
  assert.deepEqual(await listQueue(pool, 'elsewhere', 10), []);
});
