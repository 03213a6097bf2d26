import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { claimedIssue, endTask, furtherTask, secondAttempt, type TestApi, type TestTask } from '../api/task.int-kit.ts';
import { repositoryKey } from '../issues/world.ts';
import { type AgentGit, gatewayForFile } from './git.int-kit.ts';

let rig: TestConductor;
let api: TestApi;
let git: AgentGit;
let base: string;

before(async () => {
  ({ rig, api, git } = await gatewayForFile());
  base = (await refs())['refs/heads/main']!;
});

/** Every ref of the forge's repository, read past the gateway. */
async function refs(): Promise<Record<string, string>> {
  const listed = await rig.world.git('work', 'ls-remote', rig.world.remote('boss'));
  const pairs = listed.split('\n').map((line) => line.split('\t').reverse() as [string, string]);
  return Object.fromEntries(pairs.filter(([ref]) => ref !== 'HEAD' && !ref.startsWith('refs/pull/')));
}

async function events(task: TestTask): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const { rows } = await rig.db.pool.query('SELECT type, data FROM events WHERE stream = $1 ORDER BY version', [
    task.subject.id,
  ]);
  return rows;
}

async function heads(task: TestTask): Promise<unknown[]> {
  return (await events(task)).filter(({ type }) => type === 'HEAD_FORWARDED').map(({ data }) => data.to);
}

/** Runs it while nothing reaches the log, as where the gateway dies behind the forge's answer. */
async function withoutRecord(run: () => Promise<void>): Promise<void> {
  const { log } = rig.conductor;
  const { record } = log;
  log.record = () => Promise.reject(new Error('the process died here'));
  await run();
  log.record = record;
}

/** Runs a push that must be refused: git fails and says `sentence`, and the forge is as it was. */
async function refused(sentence: RegExp, push: () => Promise<{ code: number; stderr: string }>): Promise<void> {
  const before = await refs();
  const { code, stderr } = await push();
  assert.notEqual(code, 0, 'the push succeeded');
  assert.match(stderr, sentence);
  assert.deepEqual(await refs(), before, 'the forge has changed');
}

test('a task clones through the gateway what the forge holds, whole and blobless', async () => {
  const task = await claimedIssue(api, 'clone');
  const whole = await git.clone(task, 'clone-whole');
  assert.equal(await git.ok(whole, null, 'rev-parse', 'HEAD'), base);
  const blobless = await git.clone(task, 'clone-blobless', '--filter=blob:none');
  assert.match(await git.ok(blobless, task, 'show', 'HEAD:a.txt'), /^one\ntwo\n/);
  assert.match(await git.ok(blobless, null, 'config', 'remote.origin.partialclonefilter'), /blob:none/);
});

test('the first push makes the branch, the second moves it, and each is recorded once with where it came from', async () => {
  const task = await claimedIssue(api, 'push-twice');
  const clone = await git.clone(task, 'push-twice', '--filter=blob:none');
  const first = await git.commit(clone, 'a.txt', 'one changed\n');
  assert.equal((await git.push(task, clone)).code, 0);
  assert.equal((await refs())[`refs/heads/${task.branch}`], first);
  const second = await git.commit(clone, 'b.txt', 'new\n');
  assert.equal((await git.push(task, clone)).code, 0);
  assert.equal((await refs())[`refs/heads/${task.branch}`], second);
  const told = (await events(task)).filter(({ type }) => type === 'BRANCH_CREATED' || type === 'HEAD_FORWARDED');
  const { fence } = task.identity;
  const { branch } = task;
  assert.deepEqual(told, [
    { type: 'BRANCH_CREATED', data: { branch, sha: first, base } },
    { type: 'HEAD_FORWARDED', data: { branch, from: null, to: first, fence, attempt: 1 } },
    { type: 'HEAD_FORWARDED', data: { branch, from: first, to: second, fence, attempt: 1 } },
  ]);
});

test('the forge sees the Agent as the pusher, not the conductor', async () => {
  const task = await claimedIssue(api, 'pusher');
  const clone = await git.clone(task, 'pusher');
  const sha = await git.commit(clone, 'pusher.txt', 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  await rig.world.listener.settled();
  const push = rig.world.listener.received.find(({ event, payload }) => event === 'push' && payload.after === sha);
  assert.equal(push?.payload.sender.login, 'dev');
});

test('a thin pack against the base is taken', async () => {
  const task = await claimedIssue(api, 'thin');
  const large = Array.from({ length: 400 }, (_, line) => `line ${line} ${randomBytes(8).toString('hex')}`);
  const seeded = await git.clone(task, 'thin');
  await git.commit(seeded, 'large.txt', large.join('\n'));
  assert.equal((await git.push(task, seeded)).code, 0);
  large[200] = 'changed';
  const sha = await git.commit(seeded, 'large.txt', large.join('\n'));
  assert.equal((await git.push(task, seeded, undefined, '--thin')).code, 0);
  assert.equal((await refs())[`refs/heads/${task.branch}`], sha);
});

test('a push larger than git sends at once is taken', async () => {
  const task = await claimedIssue(api, 'large');
  const clone = await git.clone(task, 'large');
  const sha = await git.commit(clone, 'random.bin', randomBytes(3 * 1024 * 1024));
  const { code, stderr } = await git.push(task, clone);
  assert.equal(code, 0, stderr);
  assert.equal((await refs())[`refs/heads/${task.branch}`], sha);
});

test('pushing the same head again changes nothing and records nothing', async () => {
  const task = await claimedIssue(api, 'again');
  const clone = await git.clone(task, 'again');
  await git.commit(clone, 'again.txt', 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  const before = await events(task);
  assert.equal((await git.push(task, clone)).code, 0);
  assert.deepEqual(await events(task), before);
});

test('a push that a crash kept from the log is recorded when the task pushes again', async () => {
  const task = await claimedIssue(api, 'crash');
  const clone = await git.clone(task, 'crash');
  const sha = await git.commit(clone, 'crash.txt', 'x\n');
  await withoutRecord(async () => assert.notEqual((await git.push(task, clone)).code, 0));
  assert.equal((await refs())[`refs/heads/${task.branch}`], sha);
  assert.deepEqual(await heads(task), []);
  const effect = (change: string) =>
    rig.db.pool.query(`${change} WHERE kind = 'head' AND subject = $1 RETURNING state`, [task.subject.id]);
  await effect("UPDATE effects SET state = 'started', finished_at = NULL, outcome = NULL");
  assert.equal((await git.push(task, clone)).code, 0);
  assert.deepEqual(await heads(task), [sha]);
  const { rows } = await effect('UPDATE effects SET key = key');
  assert.deepEqual(rows, [{ state: 'succeeded' }], 'what became of the push is known');
});

test('a push that a crash kept from the log is recorded also where its head is that of the attempt before', async () => {
  const first = await claimedIssue(api, 'same-head');
  const clone = await git.clone(first, 'same-head');
  const sha = await git.commit(clone, 'same.txt', 'x\n');
  assert.equal((await git.push(first, clone)).code, 0);
  const second = await secondAttempt(api, first);
  assert.notEqual(second.branch, first.branch);
  assert.equal(await startOf(second), sha);
  await withoutRecord(async () => assert.notEqual((await git.push(second, clone)).code, 0));
  assert.equal((await refs())[`refs/heads/${second.branch}`], sha);
  assert.equal((await git.push(second, clone)).code, 0);
  assert.deepEqual(
    (await events(second)).filter(({ type }) => type === 'HEAD_FORWARDED').map(({ data }) => [data.branch, data.to]),
    [
      [first.branch, sha],
      [second.branch, sha],
    ],
  );
});

async function startOf(task: TestTask): Promise<string | null> {
  const answer = await api.app.request(task.path, { headers: { authorization: `Bearer ${task.token}` } });
  return ((await answer.json()) as { git: { branchSHA: string | null } }).git.branchSHA;
}

/** A first attempt that pushed, and the commit that a person put on top of it. */
async function helped(name: string): Promise<{ first: TestTask; clone: string; sha: string; theirs: string }> {
  const first = await claimedIssue(api, name);
  const clone = await git.clone(first, name);
  const sha = await git.commit(clone, `${name}.txt`, 'x\n');
  assert.equal((await git.push(first, clone)).code, 0);
  await rig.world.git('work', 'fetch', '-q', rig.world.remote('boss'), first.branch);
  await rig.world.git('work', 'checkout', '-q', '-B', 'helping', 'FETCH_HEAD');
  const theirs = await rig.world.commit('work', `${name}-helping.txt`, 'y\n', 'a fix by a person');
  await rig.world.git('work', 'push', '-q', rig.world.remote('boss'), `HEAD:refs/heads/${first.branch}`);
  return { first, clone, sha, theirs };
}

const continuedFrom = async (task: TestTask) =>
  (await events(task)).filter(({ type }) => type === 'WORK_CONTINUED').map(({ data }) => data);

test('the next attempt starts with what a person pushed onto the branch of the one before, and at the head by the log where that is deleted; each is told once', async () => {
  const { first, sha, theirs } = await helped('helped');
  const second = await secondAttempt(api, first);
  assert.deepEqual([await startOf(second), await startOf(second)], [theirs, theirs]);
  const told = { branch: first.branch, headSHA: theirs, attempt: 2, forwarded: false, by: null };
  assert.deepEqual(await continuedFrom(second), [told]);
  await rig.world.git('work', 'push', '-q', rig.world.remote('boss'), `:refs/heads/${first.branch}`);
  assert.equal(await startOf(second), sha);
  assert.deepEqual(await continuedFrom(second), [told, { ...told, headSHA: sha, forwarded: true }]);
});

test('who pushed what an attempt goes on from is told by the forge’s accounts, and those of the rig are machines', async () => {
  const { mirror, log, objects } = rig.conductor;
  const key = repositoryKey(objects.repositories.get(rig.namespace, 'widgets'))!;
  const account = async (login: string) => (await rig.world.rest('boss', `GET /users/${login}`)).body.id as number;
  const pushedBy = async (login: string, id: number) => {
    const { first, theirs } = await helped(`by-${login}`);
    const by = { id, login, kind: 'user' } as const;
    await mirror.putPush(log.pool, key, theirs, first.branch, by, new Date().toISOString());
    await startOf(await secondAttempt(api, first));
    const told = { branch: first.branch, headSHA: theirs, attempt: 2, forwarded: false, by };
    return { told, continued: await continuedFrom(first) };
  };
  const ada = await pushedBy('ada', 4_711);
  assert.deepEqual(ada.continued, [ada.told]);
  for (const login of ['dev', 'boss']) {
    const { told, continued } = await pushedBy(login, await account(login));
    assert.deepEqual(continued, [{ ...told, machine: true }], login);
  }
});

test('a first attempt, a review and a rework of what the gateway forwarded go on from nothing that has to be told', async () => {
  const first = await claimedIssue(api, 'plain');
  assert.equal(await startOf(first), null);
  const clone = await git.clone(first, 'plain');
  const sha = await git.commit(clone, 'plain.txt', 'x\n');
  assert.equal((await git.push(first, clone)).code, 0);
  await endTask(api, first);
  for (const kind of ['rework', 'review'] as const)
    assert.equal(await startOf(await furtherTask(api, first, kind, sha)), sha, kind);
  assert.deepEqual(await continuedFrom(first), []);
});

test('a rework that begins at a person’s head is told of, and one whose push a crash kept from the log is the gateway’s', async () => {
  const { first, theirs } = await helped('reworked');
  await endTask(api, first);
  await startOf(await furtherTask(api, first, 'rework', theirs));
  assert.deepEqual(
    (await continuedFrom(first)).map(({ headSHA, forwarded }) => [headSHA, forwarded]),
    [[theirs, false]],
  );
  const crashed = await claimedIssue(api, 'unrecorded');
  const clone = await git.clone(crashed, 'unrecorded');
  const sha = await git.commit(clone, 'unrecorded.txt', 'x\n');
  await withoutRecord(async () => assert.notEqual((await git.push(crashed, clone)).code, 0));
  assert.equal(await startOf(crashed), sha);
  assert.deepEqual(
    (await continuedFrom(crashed)).map(({ headSHA, forwarded }) => [headSHA, forwarded]),
    [[sha, true]],
  );
});

test('an attempt that pushes without asking where it starts has that told before its push', async () => {
  const { first, clone, theirs } = await helped('unasked');
  const second = await secondAttempt(api, first);
  await git.ok(clone, second, 'fetch', '-q', git.remote(second), first.branch);
  await git.ok(clone, null, 'reset', '-q', '--hard', 'FETCH_HEAD');
  assert.equal((await git.push(second, clone)).code, 0);
  const told = (await events(second)).filter(({ type, data }) => type === 'WORK_CONTINUED' || data.attempt === 2);
  assert.deepEqual(
    told.flatMap(({ type, data }) =>
      type === 'WORK_CONTINUED' ? [[type, data.headSHA]] : type === 'HEAD_FORWARDED' ? [[type, data.to]] : [],
    ),
    [
      ['WORK_CONTINUED', theirs],
      ['HEAD_FORWARDED', theirs],
    ],
  );
});

test('a head that a person pushed to the branch is not taken for the task’s', async () => {
  const task = await claimedIssue(api, 'person');
  const clone = await git.clone(task, 'person');
  await git.commit(clone, 'person.txt', 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  const recorded = await heads(task);
  await rig.world.git('work', 'fetch', '-q', rig.world.remote('boss'), task.branch);
  await rig.world.git('work', 'checkout', '-q', '-B', 'by-a-person', 'FETCH_HEAD');
  const theirs = await rig.world.commit('work', 'theirs.txt', 'y\n', 'by a person');
  await rig.world.git('work', 'push', '-q', rig.world.remote('boss'), `HEAD:refs/heads/${task.branch}`);
  await git.ok(clone, task, 'fetch', '-q', git.remote(task), task.branch);
  await git.ok(clone, null, 'reset', '-q', '--hard', 'FETCH_HEAD');
  assert.equal((await git.push(task, clone)).code, 0);
  assert.deepEqual(await heads(task), recorded);
  const mine = await git.commit(clone, 'mine.txt', 'z\n');
  assert.equal((await git.push(task, clone)).code, 0);
  assert.deepEqual(await heads(task), [...recorded, mine]);
  assert.notEqual(theirs, mine);
});

test('a branch that a person deleted is made again when the task pushes the same head again', async () => {
  const task = await claimedIssue(api, 'deleted');
  const clone = await git.clone(task, 'deleted');
  const sha = await git.commit(clone, 'deleted.txt', 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  await rig.world.git('work', 'push', '-q', rig.world.remote('boss'), `:refs/heads/${task.branch}`);
  assert.equal((await git.push(task, clone)).code, 0);
  assert.equal((await refs())[`refs/heads/${task.branch}`], sha);
});

test('a branch that a person put back is not taken for a push of the task’s, and the same push again moves it', async () => {
  const task = await claimedIssue(api, 'put-back');
  const clone = await git.clone(task, 'put-back');
  const first = await git.commit(clone, 'first.txt', 'x\n');
  assert.equal((await git.push(task, clone)).code, 0);
  const second = await git.commit(clone, 'second.txt', 'y\n');
  assert.equal((await git.push(task, clone)).code, 0);
  await rig.world.git('work', 'fetch', '-q', rig.world.remote('boss'), task.branch);
  const back = `${first}:refs/heads/${task.branch}`;
  await rig.world.git('work', 'push', '-q', '--force', rig.world.remote('boss'), back);
  assert.equal((await git.push(task, clone)).code, 0);
  assert.equal((await refs())[`refs/heads/${task.branch}`], second);
  assert.deepEqual(await heads(task), [first, second]);
});

test('another ref, two refs and a tag are refused in one sentence that names the branch', async () => {
  const task = await claimedIssue(api, 'other-ref');
  const clone = await git.clone(task, 'other-ref');
  await git.commit(clone, 'other.txt', 'x\n');
  const ref = `refs/heads/${task.branch}`;
  const only = new RegExp(`task ${task.name} pushes exactly one ref, ${ref}; it tried [^;]+; push HEAD:${ref} alone`);
  await refused(only, () => git.push(task, clone, 'HEAD:refs/heads/main'));
  await refused(only, () => git.push(task, clone, 'HEAD:refs/heads/rig/another/1'));
  await refused(only, () => git.push(task, clone, `HEAD:refs/heads/${task.branch} HEAD:refs/heads/second`));
  await refused(only, () => git.push(task, clone, 'HEAD:refs/tags/v1'));
  assert.deepEqual(await heads(task), []);
});

test('deleting the branch is refused', async () => {
  const task = await claimedIssue(api, 'delete');
  const clone = await git.clone(task, 'delete');
  await git.commit(clone, 'delete.txt', 'x\n');
  await git.push(task, clone);
  await refused(/cannot delete refs\/heads\/\S+; to take something back, commit its inverse/, () =>
    git.push(task, clone, `:refs/heads/${task.branch}`),
  );
});

test('a forced push that takes commits off the branch is refused', async () => {
  const task = await claimedIssue(api, 'forced');
  const clone = await git.clone(task, 'forced');
  await git.commit(clone, 'one.txt', 'x\n');
  await git.push(task, clone);
  await git.ok(clone, null, 'reset', '-q', '--hard', base);
  await git.commit(clone, 'two.txt', 'y\n');
  await refused(/would take commits off \S+; only fast-forward pushes are taken/, () =>
    git.push(task, clone, undefined, '--force'),
  );
});

test('history that has nothing in common with the base is refused', async () => {
  const task = await claimedIssue(api, 'unrelated');
  const clone = await git.clone(task, 'unrelated');
  await git.ok(clone, null, 'checkout', '-q', '--orphan', 'island');
  await git.commit(clone, 'island.txt', 'x\n');
  await refused(/shares no history with the base branch; begin at its tip/, () => git.push(task, clone));
});

test('a review task may clone but not push, and git says so', async () => {
  const work = await claimedIssue(api, 'reviewed');
  const clone = await git.clone(work, 'reviewed');
  const head = await git.commit(clone, 'reviewed.txt', 'x\n');
  await git.push(work, clone);
  const review = await furtherTask(api, work, 'review', head);
  const theirs = await git.clone(review, 'reviewing');
  await git.commit(theirs, 'mine.txt', 'x\n');
  await refused(/remote: A review task may not push\. \S+ reads the repository/, () => git.push(review, theirs));
});
