import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openLog } from '../../../operator/store/store.int-kit.ts';
import { openWorkQuery } from './open.ts';

const SINCE = new Date('2026-03-02T12:00:00Z');
const at = (minutes: number) => new Date(SINCE.getTime() + minutes * 60_000);

async function open(t: Parameters<typeof openLog>[0]) {
  const { pool } = await openLog(t);
  t.after(() => pool.end());
  let tasks = 0;
  /** A task of the subject, dispatched at a minute; without an `ending` it is live. */
  const task = async (subject: string, minute: number, ending: string | null) => {
    tasks += 1;
    const claim = randomUUID();
    await pool.query(
      `INSERT INTO claims (id, subject, lane, agent_name, agent_uid, attempt, claimed_at, ended_at)
       VALUES ($1, $2, 'work', 'dev-e', 'uid', 1, $3, $4)`,
      [claim, subject, at(minute), ending === null ? null : at(minute + 1)],
    );
    await pool.query(
      `INSERT INTO tasks (namespace, name, subject, claim, lane, kind, agent_name, agent_uid, attempt, round, epoch, sequence, deadline,
         dispatched_at, seen_at, ended_at, ending)
       VALUES ('team', $1, $2, $3, 'work', 'implement', 'dev-e', 'uid', 1, 1, 1, $4, $5, $6, $6, $7, $8)`,
      [`task-${tasks}`, subject, claim, tasks, at(600), at(minute), ending === null ? null : at(minute + 1), ending],
    );
  };
  const effect = (key: string, kind: string, subject: string, minute: number) =>
    pool.query(
      `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at, started_at)
       VALUES ($1, $2, $3, 1, '{}', 'started', $4, $4)`,
      [key, kind, subject, at(minute)],
    );
  const look = async () => {
    const [sql, values] = openWorkQuery(SINCE);
    const { rows } = await pool.query<{ what: string }>(sql, [...values]);
    return rows.map(({ what }) => what).sort();
  };
  return { task, effect, look };
}

test('a push of unknown outcome is open unless the task that made it was lost or cancelled', async (t) => {
  const { task, effect, look } = await open(t);
  for (const ending of ['lost', 'cancelled', 'succeeded', 'failed']) {
    const subject = randomUUID();
    await task(subject, 0, ending === 'lost' ? 'succeeded' : 'lost');
    await task(subject, 10, ending);
    await task(subject, 20, 'succeeded');
    await effect(`head of ${ending}`, 'head', subject, 11);
  }
  await effect('head of nobody', 'head', randomUUID(), 11);
  assert.deepEqual(await look(), [
    'effect head of failed is started',
    'effect head of nobody is started',
    'effect head of succeeded is started',
  ]);
});

test('a live task, and any other write of unknown outcome, is open whatever became of its task', async (t) => {
  const { task, effect, look } = await open(t);
  const [lost, live] = [randomUUID(), randomUUID()];
  await task(lost, 0, 'lost');
  await task(live, 0, null);
  await effect('a review', 'review', lost, 1);
  await effect('one of the round before', 'review', lost, -1);
  assert.deepEqual(await look(), ['effect a review is started', 'task task-2 is live']);
});
