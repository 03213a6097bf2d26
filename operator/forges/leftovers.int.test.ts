import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { silentLogger } from '#lib/observe';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { claimedIssue, endTask, type TestApi, type TestTask, testApi } from '../api/task.int-kit.ts';
import { AgentGit } from '../gateway/git.int-kit.ts';
import { Leftovers } from './leftovers.ts';

let rig: TestConductor;
let api: TestApi;
let git: AgentGit;

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  api = await testApi(rig);
  git = await AgentGit.start(fileLife, api);
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
