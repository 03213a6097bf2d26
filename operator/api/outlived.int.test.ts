import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Forge } from '#lib/forge';
import { silentLogger } from '#lib/observe';
import { Leftovers } from '../forges/leftovers.ts';
import type { Pace } from '../forges/pace.ts';
import { override } from '../forges/unsure.int-kit.ts';
import { type AgentGit, gatewayForFile } from '../gateway/git.int-kit.ts';
import type { TestConductor } from './conductor.int-kit.ts';
import { claimedIssue, endTask, secondAttempt, type TestApi, type TestTask } from './task.int-kit.ts';

const TEXT = { title: 'Mend it', what: 'A', why: 'B', proof: 'C', risk: 'D' };

let rig: TestConductor;
let api: TestApi;
let git: AgentGit;
/** What happens while a write waits for its turn. */
let meanwhile: () => Promise<unknown> = async () => {};

before(async () => {
  const pace = { turn: () => meanwhile() } as unknown as Pace;
  ({ rig, api, git } = await gatewayForFile({ pace }));
});

/** A task that has pushed, and asks for its pull request next. */
async function pushed(name: string): Promise<TestTask> {
  const task = await claimedIssue(api, name);
  const clone = await git.clone(task, name);
  await git.commit(clone, `${name}.txt`, 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  return task;
}

async function open(task: TestTask) {
  const answer = await api.app.request(`${task.path}/pull-request`, {
    method: 'POST',
    headers: { authorization: `Bearer ${task.token}` },
    body: JSON.stringify(TEXT),
  });
  return { status: answer.status, reason: ((await answer.json()) as { reason?: string }).reason };
}

/** Runs `then` behind the forge's answer to whoever opens a pull request while `work` does its own. */
async function behindTheAnswer<T>(then: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const { forges } = rig.conductor;
  const { forAgent } = forges;
  forges.forAgent = async (...args) => {
    const account = await forAgent.apply(forges, args);
    const { forge } = account;
    const createPullRequest: Forge['createPullRequest'] = async (...asked) => {
      const made = await forge.createPullRequest(...asked);
      await then();
      return made;
    };
    return { ...account, forge: override(forge, { createPullRequest }) };
  };
  try {
    return await work();
  } finally {
    forges.forAgent = forAgent;
  }
}

async function pullsOf({ branch }: TestTask): Promise<readonly { number: number; state: string }[]> {
  const { body } = await rig.world.rest('boss', `GET /repos/acme/widgets/pulls?state=all&head=acme:${branch}`);
  const ours = body.filter((one: { head: { ref: string } }) => one.head.ref === branch);
  return ours.map(({ number, state }: { number: number; state: string }) => ({ number, state }));
}

async function told({ subject }: TestTask): Promise<object[]> {
  const { rows } = await rig.db.pool.query(
    "SELECT data FROM events WHERE stream = $1 AND type = 'PR_CREATED' ORDER BY version",
    [subject.id],
  );
  return rows.map(({ data }) => ({ number: data.number, branch: data.branch, stale: data.stale ?? false }));
}

const state = ({ subject }: TestTask) => rig.conductor.log.load(subject);

/** One look of the leader's, ten minutes later. */
const look = () => {
  const { conductor } = rig;
  return new Leftovers({ ...conductor, now: () => Date.now() + 600_000 }, silentLogger).look();
};

test('a claim that ends while its pull request waits for its turn: 409 DeadFence, and the forge has none', async () => {
  const task = await pushed('turned-away');
  meanwhile = () => endTask(api, task);
  const answer = await open(task);
  meanwhile = async () => {};
  assert.deepEqual(answer, { status: 409, reason: 'DeadFence' });
  assert.deepEqual(await pullsOf(task), []);
  await look();
  assert.deepEqual(await told(task), []);
  const { rows } = await rig.db.pool.query("SELECT state FROM effects WHERE kind = 'pull-request' AND subject = $1", [
    task.subject.id,
  ]);
  assert.deepEqual(rows, [{ state: 'failed' }]);
});

test('a pull request that the forge made while its claim ended is told of, once, and is stale beside the next attempt', async () => {
  const task = await pushed('outlived');
  let next: TestTask | undefined;
  const ending = async () => {
    next = await secondAttempt(api, task);
  };
  assert.deepEqual(await behindTheAnswer(ending, () => open(task)), { status: 409, reason: 'DeadFence' });
  const [made] = await pullsOf(task);
  assert.deepEqual([made?.state, await told(task)], ['open', []]);
  await look();
  await look();
  assert.deepEqual(await told(task), [{ number: made!.number, branch: task.branch, stale: true }]);
  const after = await state(task);
  assert.deepEqual(
    [after.work?.branch, after.pullRequest, after.stalePullRequests],
    [next!.branch, null, [made!.number]],
  );
});

test('a conductor that dies between the forge’s answer and its log: what it opened is told of by the leader that follows', async () => {
  const task = await pushed('unwritten');
  const { log } = rig.conductor;
  const { record } = log;
  log.record = () => Promise.reject(new Error('the process died here'));
  const answer = await open(task).finally(() => {
    log.record = record;
  });
  assert.equal(answer.status, 500);
  await endTask(api, task);
  await look();
  const [made] = await pullsOf(task);
  assert.deepEqual(await told(task), [{ number: made!.number, branch: task.branch, stale: false }]);
  assert.equal((await state(task)).pullRequest?.number, made!.number);
});

test('an answer that never came is looked for though the next attempt works, and what is found is told of', async () => {
  const task = await pushed('unanswered');
  assert.equal(
    (
      await behindTheAnswer(
        () => secondAttempt(api, task),
        () => open(task),
      )
    ).status,
    409,
  );
  await rig.db.pool.query(
    `UPDATE effects SET state = 'started', outcome = NULL, finished_at = NULL WHERE kind = 'pull-request' AND subject = $1`,
    [task.subject.id],
  );
  await look();
  await look();
  const [made] = await pullsOf(task);
  assert.deepEqual(await told(task), [{ number: made!.number, branch: task.branch, stale: true }]);
});

test('a pull request whose call may still write it down is left to it', async () => {
  const task = await pushed('just-now');
  assert.equal(
    (
      await behindTheAnswer(
        () => endTask(api, task),
        () => open(task),
      )
    ).status,
    409,
  );
  await new Leftovers(rig.conductor, silentLogger).look();
  assert.deepEqual(await told(task), []);
});
