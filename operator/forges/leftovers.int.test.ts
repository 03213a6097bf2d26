import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { DomainEvent } from '#domain';
import { silentLogger } from '#lib/observe';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { claimedIssue, endTask, type TestApi, type TestTask } from '../api/task.int-kit.ts';
import { type AgentGit, gatewayForFile } from '../gateway/git.int-kit.ts';
import { Leftovers } from './leftovers.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
let rig: TestConductor;
let api: TestApi;
let git: AgentGit;

before(async () => {
  ({ rig, api, git } = await gatewayForFile());
});

/** A task that has pushed, and the row of that push as if the gateway had died in the middle of it, `minutes` ago. */
async function cutOff(name: string, minutes: number): Promise<TestTask> {
  const task = await claimedIssue(api, name);
  const clone = await git.clone(task, name);
  await git.commit(clone, `${name}.txt`, 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  await rig.db.pool.query(
    `UPDATE effects SET state = 'started', outcome = NULL, finished_at = NULL, started_at = now() - $2 * interval '1 min'
     WHERE kind = 'head' AND subject = $1`,
    [task.subject.id, minutes],
  );
  return task;
}

async function pushOf({ subject }: TestTask): Promise<{ state: string; reason: string | null }> {
  const { rows } = await rig.db.pool.query(`SELECT state, reason FROM effects WHERE kind = 'head' AND subject = $1`, [
    subject.id,
  ]);
  return rows[0];
}

const look = () => new Leftovers(rig.conductor, silentLogger).look();

test('a push that reached the forge before its gateway and its task died is known to have taken place', async () => {
  const task = await cutOff('left-pushed', 10);
  await endTask(api, task);
  await look();
  assert.equal((await pushOf(task)).state, 'succeeded');
});

test('a push that is not at the forge, and whose task has ended, is given up and never performed', async () => {
  const task = await cutOff('left-lost', 10);
  await endTask(api, task);
  await rig.world.rest('boss', `DELETE /repos/acme/widgets/git/refs/heads/${task.branch}`, undefined, 204);
  await look();
  const { state, reason } = await pushOf(task);
  assert.deepEqual([state, reason], ['failed', 'Its task ended before it was known to have taken place.']);
  const listed = await rig.world.git('work', 'ls-remote', rig.world.remote('boss'), task.branch);
  assert.equal(listed, '');
});

test('a push of a task that lives, or one that has only just been begun, is left to its task', async () => {
  const living = await cutOff('left-living', 10);
  const recent = await cutOff('left-recent', 1);
  await endTask(api, recent);
  await look();
  assert.deepEqual([(await pushOf(living)).state, (await pushOf(recent)).state], ['started', 'started']);
});

/** A merge that its leader called and died, `minutes` ago, of an issue that `ended` so. */
async function leftMerge(name: string, number: number, log: readonly DomainEvent[], minutes = 10): Promise<string> {
  const { subject } = await claimedIssue(api, name);
  const { sha } = (await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}`)).body.head;
  await rig.conductor.log.append(subject, CAUSE, () => [...log]);
  const key = `merge/${subject.id}/9`;
  await rig.db.pool.query(
    `INSERT INTO effects (key, kind, subject, epoch, request, state, attempt, created_at, started_at)
     SELECT $1, 'merge', $2, epoch, $3, 'started', 1, now() - $4 * interval '1 min', now() - $4 * interval '1 min' FROM leadership`,
    [key, subject.id, JSON.stringify({ number, sha, method: 'squash' }), minutes],
  );
  return key;
}

async function effect(key: string): Promise<{ state: string; outcome: unknown; reason: string | null }> {
  const { rows } = await rig.db.pool.query('SELECT state, outcome, reason FROM effects WHERE key = $1', [key]);
  return rows[0];
}

async function openPull(branch: string): Promise<number> {
  await rig.world.branch(branch, `${branch}\n`);
  return (await rig.world.pull(branch)).number;
}

test('a merge of which a delivery told before the next leader asked has an outcome, and is not called again', async () => {
  const number = await openPull('left-merged');
  const merged = (
    await rig.world.rest('boss', `PUT /repos/acme/widgets/pulls/${number}/merge`, { merge_method: 'squash' })
  ).body;
  const data = { number, headSHA: merged.sha, mergeSHA: merged.sha, by: null };
  const key = await leftMerge('left-merged', number, [{ type: 'MERGED', data }]);
  await look();
  assert.deepEqual(await effect(key), { state: 'succeeded', outcome: { merged: true, sha: merged.sha }, reason: null });
});

test('a merge that did not take place of an Issue that was cancelled is given up, and one of an Issue that goes on is left to it', async () => {
  const number = await openPull('left-open');
  const data = { reason: 'CancelledByPerson', message: 'A person closed it.' } as const;
  const cancelled: DomainEvent = { type: 'ISSUE_CANCELLED', data };
  const over = await leftMerge('left-cancelled', number, [cancelled]);
  const goesOn = await leftMerge('left-going', number, []);
  const recent = await leftMerge('left-just', number, [cancelled], 1);
  await look();
  const reason = 'Its issue ended before it was known to have taken place.';
  assert.deepEqual(await effect(over), { state: 'failed', outcome: null, reason });
  assert.deepEqual([(await effect(goesOn)).state, (await effect(recent)).state], ['started', 'started']);
  assert.equal((await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}`)).body.merged, false);
});

test('a closing that was given up with its Issue is made when the Issue, opened again, asks for it', async () => {
  const number = await openPull('left-closing');
  const { subject } = await claimedIssue(api, 'left-closing');
  const data = { reason: 'CancelledByPerson', message: 'A person closed it.' } as const;
  await rig.conductor.log.append(subject, CAUSE, () => [{ type: 'ISSUE_CANCELLED', data }]);
  const key = `close-pull-request/${subject.id}/${number}`;
  await rig.db.pool.query(
    `INSERT INTO effects (key, kind, subject, epoch, request, state, created_at)
     SELECT $1, 'close-pull-request', $2, epoch, $3, 'planned', now() - interval '10 min' FROM leadership`,
    [key, subject.id, JSON.stringify({ number })],
  );
  await look();
  assert.equal((await effect(key)).state, 'failed');
  const { forges, objects, writes } = rig.conductor;
  const [repository] = objects.repositories.list();
  const { forge } = await forges.forRepository(repository!);
  const target = { forge, repo: { owner: 'acme', name: 'widgets' }, subject: subject.id };
  await writes.closePullRequest(target, number);
  await writes.closePullRequest(target, number);
  assert.equal((await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}`)).body.state, 'closed');
  assert.equal((await effect(`${key}/2`)).state, 'succeeded');
});

test('fifty writes of which nobody can tell what became hide no other', async () => {
  const cancelled: DomainEvent = {
    type: 'ISSUE_CANCELLED',
    data: { reason: 'CancelledByPerson', message: 'A person closed it.' },
  };
  const number = await openPull('left-hidden');
  const hidden = await leftMerge('left-hidden', number, [cancelled]);
  const { subject } = await claimedIssue(api, 'left-untold');
  await rig.conductor.log.append(subject, CAUSE, () => [cancelled]);
  // Nobody can be asked of what is in no Repository, and these keys come before every other.
  await rig.db.pool.query(`UPDATE subjects SET namespace = 'nowhere' WHERE id = $1`, [subject.id]);
  await rig.db.pool.query(
    `INSERT INTO effects (key, kind, subject, epoch, request, state, attempt, created_at, started_at)
     SELECT '!untold/' || n, 'merge', $1, epoch, '{"number": 1, "sha": "${'0'.repeat(40)}"}', 'started', 1,
       now() - interval '20 min', now() - interval '20 min' FROM leadership, generate_series(1, 50) AS n`,
    [subject.id],
  );
  const leftovers = new Leftovers(rig.conductor, silentLogger);
  await leftovers.look();
  assert.equal((await effect(hidden)).state, 'started');
  await leftovers.look();
  assert.equal((await effect(hidden)).state, 'failed');
  const { rows } = await rig.db.pool.query(`SELECT DISTINCT state FROM effects WHERE starts_with(key, '!untold/')`);
  assert.deepEqual(rows, [{ state: 'started' }]);
  await rig.db.pool.query(`DELETE FROM effects WHERE starts_with(key, '!untold/')`);
});
