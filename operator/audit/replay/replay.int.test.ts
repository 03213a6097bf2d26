import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { DomainEvent, IssueState, Lane } from '#domain';
import { silentLogger } from '#lib/observe';
import { until } from '../../../test/kit/cluster-wait.ts';
import { agentsReady } from '../../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../../api/objects.int-kit.ts';
import { IssueController } from '../../issues/controller.ts';
import { ISSUES } from '../../objects.ts';
import { comparisons, QUEUE } from './columns.ts';
import type { Difference } from './difference.ts';
import { replay } from './replay.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const SHA = 'a'.repeat(40);
let rig: TestConductor;
let issues: IssueController;

before(async () => {
  // Nothing happens by itself while it is compared.
  rig = await testConductor(fileLife, { policy: { retryBackoff: 3_600_000 } });
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
  issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await issues.controller.start();
  fileLife.after(async () => {
    await issues.controller.stop({ graceMs: 1_000 });
    await issues.idle();
    await rig.store.idle();
  });
  await live();
  // From here on no log grows: a status that follows its events is waited for once.
  await until('the statuses say what the log says', async () => (await differences()).length === 0);
});

const phaseIs = (name: string, phase: string) =>
  until(`${name} is ${phase}`, async () => {
    const { status } = await rig.client.get(ISSUES, { namespace: rig.namespace, name });
    return status?.phase === phase ? status : undefined;
  });

async function subjectOf(name: string) {
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE name = $1', [name]);
  return rows[0];
}

async function report(name: string, lane: Lane, event: (task: NonNullable<IssueState['task'][Lane]>) => DomainEvent[]) {
  const subject = await subjectOf(name);
  await rig.conductor.log.append(subject, CAUSE, (state) => {
    const task = state.task[lane];
    return task === null ? [] : event(task);
  });
}

/** Histories of every kind: one that is worked on, one that was lost and is tried again, one that failed, one cancelled, one that asks. */
async function live(): Promise<void> {
  for (const name of ['working', 'lost', 'asking', 'gone', 'suspended']) await applyIssue(rig, name);
  for (const name of ['working', 'lost', 'asking', 'gone', 'suspended']) await phaseIs(name, 'Implementing');
  await report('working', 'work', () => [
    { type: 'BRANCH_CREATED', data: { branch: 'rig/working/1', sha: SHA, base: SHA } },
  ]);
  await report('lost', 'work', ({ name, kind, fence }) => [
    {
      type: 'TASK_LOST',
      data: { task: name, kind, fence, reason: 'TaskLost', message: 'Silent.', infrastructure: false },
    },
  ]);
  await report('asking', 'work', ({ name, kind, fence }) => [
    { type: 'WORK_STARTED', data: { task: name, kind, fence, model: 'm' } },
    { type: 'ESCALATED', data: { task: name, kind, fence, question: 'Which one?' } },
  ]);
  await phaseIs('asking', 'AwaitingHuman');
  await rig.client.patch(ISSUES, { namespace: rig.namespace, name: 'suspended' }, { spec: { suspend: true } });
  await rig.client.delete(ISSUES, { namespace: rig.namespace, name: 'gone' });
  await until('the deleted issue is released', async () => {
    const { rows } = await rig.db.pool.query("SELECT FROM events WHERE type = 'ISSUE_CANCELLED'");
    return rows.length > 0;
  });
}

/** Looks that find a status otherwise follow one another at once. */
async function differences(): Promise<readonly Difference[]> {
  const { client, store } = rig;
  const { pool } = rig.db;
  const pause = async () => {};
  return (await replay({ pool, client, store, taskDeadlineMs: 600_000, pause })).differences;
}
const named = async () => (await differences()).map(({ where, what, field }) => `${where} ${what} ${field}`);

test('what is built anew from the events is what the live tables and statuses hold', async () => {
  assert.deepEqual(await differences(), []);
});

test('a replay leaves no table of its own behind', async () => {
  await differences();
  await until('its sessions have ended', async () => {
    const { rows } = await rig.db.pool.query("SELECT FROM pg_class WHERE relpersistence = 't'");
    return rows.length === 0;
  });
});

const SABOTAGE: [string, string, RegExp][] = [
  ['an agent', "UPDATE claims SET agent_name = 'mallory' WHERE ended_at IS NULL", /^claims \S+ agent_name$/],
  ['a fence', "UPDATE tasks SET sequence = sequence + 900 WHERE name LIKE 'working-%'", /^tasks \S+ sequence$/],
  ['an end', "UPDATE tasks SET reason = 'Succeeded' WHERE name LIKE 'asking-%'", /^tasks \S+ reason$/],
];
for (const [what, sql, expected] of SABOTAGE)
  test(`${what} that was changed by hand in the database is named, and nothing else`, async () => {
    const { rows: claims } = await rig.db.pool.query('SELECT * FROM claims');
    const { rows: tasks } = await rig.db.pool.query('SELECT name, sequence, reason FROM tasks');
    const { rowCount } = await rig.db.pool.query(sql);
    const found = (await named()).filter((line) => !/^AgentTask /.test(line));
    for (const { id, agent_name } of claims)
      await rig.db.pool.query('UPDATE claims SET agent_name = $2 WHERE id = $1', [id, agent_name]);
    for (const { name, sequence, reason } of tasks)
      await rig.db.pool.query('UPDATE tasks SET sequence = $2, reason = $3 WHERE name = $1', [name, sequence, reason]);
    assert.equal(found.length, rowCount);
    for (const line of found) assert.match(line, expected);
  });

test('a claim that no event tells of, one that was deleted, and a queued issue that nobody may claim are named', async () => {
  const subject = await subjectOf('asking');
  const row =
    "INSERT INTO claims (id, subject, lane, agent_name, agent_uid, attempt) VALUES (gen_random_uuid(), $1, 'review', 'x', 'y', 9)";
  await rig.db.pool.query(row, [subject.id]);
  await rig.db.pool.query(
    `INSERT INTO queue (subject, namespace, issue, version, priority, filed_at, candidates, message) VALUES ($1, $2, 'asking', 1, 2, now(), '{}', 'x')`,
    [subject.id, rig.namespace],
  );
  const found = await named();
  await rig.db.pool.query("DELETE FROM claims WHERE agent_name = 'x'");
  await rig.db.pool.query('DELETE FROM queue WHERE subject = $1', [subject.id]);
  assert.equal(found.length, 2);
  assert.match(found[0]!, /^claims \S+ row$/);
  assert.equal(found[1], `queue ${rig.namespace}/asking row`);
});

test('a status that was patched is named by its field, with what it says and what it should say', async () => {
  await issues.controller.stop({ graceMs: 1_000 });
  const { status } = await rig.client.get(ISSUES, { namespace: rig.namespace, name: 'asking' });
  const ref = { namespace: rig.namespace, name: 'asking' };
  await rig.client.patchStatus(ISSUES, ref, { phase: 'Done', assignedTo: 'mallory' });
  const found = (await differences()).filter(({ where }) => where === 'Issue');
  await rig.client.patchStatus(ISSUES, ref, { phase: status?.phase, assignedTo: null });
  assert.deepEqual(found, [
    { where: 'Issue', what: `${rig.namespace}/asking`, field: 'phase', live: 'Done', replayed: 'AwaitingHuman' },
    { where: 'Issue', what: `${rig.namespace}/asking`, field: 'assignedTo', live: 'mallory', replayed: null },
  ]);
});

test('an event that was taken out of the log is named as a gap', async () => {
  const subject = await subjectOf('asking');
  const { rows } = await rig.db.pool.query('DELETE FROM events WHERE stream = $1 AND version = 2 RETURNING *', [
    subject.id,
  ]);
  const found = await differences();
  const { stream, version, type, schema, data, meta, at, txid } = rows[0];
  await rig.db.pool.query(
    'INSERT INTO events (stream, version, type, schema, data, meta, at, txid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::xid8)',
    [stream, version, type, schema, JSON.stringify(data), JSON.stringify(meta), at, String(txid)],
  );
  assert.ok(found.some(({ where, what, replayed }) => where === 'events' && what === subject.id && replayed === 2));
});

test('every column of the projections is compared, or named apart with its reason', async () => {
  const columnsOf = async (table: string) => {
    const { rows } = await rig.db.pool.query(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'conductor' AND table_name = $1",
      [table],
    );
    return rows.map(({ name }) => name).sort();
  };
  for (const { table, key, columns, apart } of comparisons)
    assert.deepEqual(await columnsOf(table), [...key, ...columns, ...Object.keys(apart)].sort(), table);
  assert.deepEqual(await columnsOf('queue'), [...QUEUE.columns, ...Object.keys(QUEUE.apart)].sort());
});
