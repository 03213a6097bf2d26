import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Assignment } from '#lib/conductor';
import { type AgentGit, gatewayForFile } from '../gateway/git.int-kit.ts';
import type { TestConductor } from './conductor.int-kit.ts';
import { claimedIssue, furtherTask, type TestApi, type TestTask } from './task.int-kit.ts';

let rig: TestConductor;
let api: TestApi;
let git: AgentGit;

before(async () => {
  ({ rig, api, git } = await gatewayForFile());
});

async function call(task: TestTask, route: string, body: unknown) {
  const answer = await api.app.request(`${task.path}/${route}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${task.token}` },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: problem or answer
  return { status: answer.status, body: (await answer.json()) as any };
}

const TEXT = { title: 'Mend it', what: 'A', why: 'B', proof: 'C', risk: 'D' };

async function types(task: TestTask): Promise<string[]> {
  const { rows } = await rig.db.pool.query('SELECT type FROM events WHERE stream = $1 ORDER BY version', [
    task.subject.id,
  ]);
  return rows.map((row) => row.type);
}

/** A pushed change with its pull request, as an implement task leaves it. */
async function delivered(name: string): Promise<{ work: TestTask; clone: string; head: string; number: number }> {
  const work = await claimedIssue(api, name);
  const clone = await git.clone(work, name);
  const head = await git.commit(clone, 'a.txt', `one\n${name}\nthree\n`);
  const pushed = await git.push(work, clone);
  assert.equal(pushed.code, 0, pushed.stderr);
  const { status, body } = await call(work, 'pull-request', TEXT);
  assert.equal(status, 200, JSON.stringify(body));
  return { work, clone, head, number: body.number };
}

test('a pull request before the first push is 409 and opens nothing', async () => {
  const task = await claimedIssue(api, 'too-early');
  const { status, body } = await call(task, 'pull-request', TEXT);
  assert.deepEqual([status, body.reason], [409, 'NothingPushed']);
  const { status: comment } = await call(task, 'comments', { key: 'k', target: 'pull-request', body: 'x' });
  assert.equal(comment, 409);
});

test('the pull request is opened once under the Agent’s name, closes the issue, and is described anew', async () => {
  const { work, head, number } = await delivered('opened');
  const again = await call(work, 'pull-request', { ...TEXT, title: 'Mend it better' });
  assert.equal(again.body.number, number);
  const { body: pull } = await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}`);
  assert.deepEqual([pull.user.login, pull.head.sha, pull.base.ref], ['dev', head, 'main']);
  assert.match(pull.body, new RegExp(`Closes #${work.number}\\b`));
  assert.match(pull.title, /Mend it better/);
  assert.equal((await types(work)).filter((type) => type === 'PR_CREATED').length, 1);
});

test('a comment is made once for its key, under the Agent’s name, and closes nothing', async () => {
  const task = await claimedIssue(api, 'commented');
  const comment = { key: 'progress', target: 'issue', body: 'This fixes #1.' };
  const first = await call(task, 'comments', comment);
  const second = await call(task, 'comments', comment);
  assert.deepEqual([first.status, second.body.url], [200, first.body.url]);
  const { body } = await rig.world.rest('boss', `GET /repos/acme/widgets/issues/${task.number}/comments`);
  assert.deepEqual(
    body.map((one: { user: { login: string } }) => one.user.login),
    ['dev'],
  );
  assert.doesNotMatch(body[0].body, /fixes #1/);
});

test('a report is taken once for its id, also when it ended the task and its answer was lost', async () => {
  const task = await claimedIssue(api, 'reported');
  const blocked = { id: 'a', type: 'GUARD_BLOCKED', data: { command: 'sudo rm', rule: 'sudo' } };
  const tokens = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 };
  const finished = {
    id: 'b',
    type: 'TASK_FINISHED',
    data: { result: 'failed', reason: 'NothingChanged', message: 'No.', tokens },
  };
  for (let turn = 0; turn < 2; turn++) assert.equal((await call(task, 'events', { events: [blocked] })).status, 200);
  for (let turn = 0; turn < 2; turn++)
    assert.equal((await call(task, 'events', { events: [blocked, finished] })).status, 200);
  const told = await types(task);
  assert.deepEqual(told.slice(-2), ['GUARD_BLOCKED', 'TASK_FINISHED']);
  assert.equal(told.filter((type) => type === 'GUARD_BLOCKED').length, 1);
  const late = await call(task, 'events', { events: [{ ...blocked, id: 'c' }] });
  assert.deepEqual([late.status, late.body.reason], [409, 'DeadFence']);
});

test('a work task gives no verdict, a review task opens no pull request', async () => {
  const { work, head } = await delivered('lanes');
  const verdict = { verdict: 'approve', body: 'Fine.', comments: [] };
  assert.deepEqual((await call(work, 'verdict', verdict)).body.reason, 'NotThisTask');
  const review = await furtherTask(api, work, 'review', head);
  const { status, body } = await call(review, 'pull-request', TEXT);
  assert.deepEqual([status, body.reason], [403, 'NotThisTask']);
  assert.equal((await call(review, 'threads', { resolve: [{ id: 'x', reply: '' }], reopen: [] })).status, 403);
  assert.equal((await call(work, 'threads', { resolve: [], reopen: [{ id: 'x', reply: '' }] })).status, 403);
});

test('a verdict is submitted for the head the task was given, once, under the reviewer’s name', async () => {
  const { work, head, number } = await delivered('verdict');
  const review = await furtherTask(api, work, 'review', head);
  const verdict = {
    verdict: 'request-changes',
    body: 'Not yet.',
    comments: [{ path: 'a.txt', line: 2, body: 'Why?' }],
  };
  assert.deepEqual(await call(review, 'verdict', verdict), { status: 200, body: { submitted: true, reason: null } });
  await call(review, 'verdict', { ...verdict, verdict: 'approve' });
  const { body } = await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}/reviews`);
  assert.deepEqual(
    body.map((one: { user: { login: string }; state: string; commit_id: string }) => [
      one.user.login,
      one.state,
      one.commit_id,
    ]),
    [['reviewer', 'CHANGES_REQUESTED', head]],
  );
  const told = await types(work);
  assert.ok(told.includes('REVIEW_DISPUTED') && !told.includes('REVIEW_PASSED'));
});

test('a verdict repeated after a crash with another word records what the forge has', async () => {
  const { work, head } = await delivered('crashed-verdict');
  const review = await furtherTask(api, work, 'review', head);
  const { log } = rig.conductor;
  const record = log.record;
  log.record = () => Promise.reject(new Error('the process died here'));
  const asked = await call(review, 'verdict', { verdict: 'request-changes', body: 'No.', comments: [] });
  assert.equal(asked.status, 500);
  log.record = record;
  assert.equal((await call(review, 'verdict', { verdict: 'approve', body: 'Yes.', comments: [] })).status, 200);
  const told = await types(work);
  assert.ok(told.includes('REVIEW_DISPUTED') && !told.includes('REVIEW_PASSED'), told.join());
});

test('a verdict is dropped when the head has moved, and the forge has no review', async () => {
  const { work, clone, head, number } = await delivered('moved');
  const review = await furtherTask(api, work, 'review', head);
  await git.commit(clone, 'a.txt', 'one\nmoved on\n');
  assert.equal((await git.push(work, clone)).code, 0);
  const { status, body } = await call(review, 'verdict', { verdict: 'approve', body: 'Fine.', comments: [] });
  assert.deepEqual([status, body], [200, { submitted: false, reason: 'HeadMoved' }]);
  assert.deepEqual((await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}/reviews`)).body, []);
});

test('a comment on a line outside the diff goes into the text of the review', async () => {
  const { work, head, number } = await delivered('outside');
  const review = await furtherTask(api, work, 'review', head);
  const comments = [{ path: 'nowhere.txt', line: 999, body: 'Here?' }];
  const { body } = await call(review, 'verdict', { verdict: 'request-changes', body: 'No.', comments });
  assert.deepEqual(body, { submitted: true, reason: null });
  const [made] = (await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}/reviews`)).body;
  assert.equal(made.state, 'CHANGES_REQUESTED');
  assert.match(made.body, /^No\.\n\n\*\*nowhere\.txt:999\*\*\n\nHere\?/);
});

test('a rework resolves the reviewer’s thread and not a person’s', async () => {
  const { work, head, number } = await delivered('threads');
  const review = await furtherTask(api, work, 'review', head);
  await call(review, 'verdict', {
    verdict: 'request-changes',
    body: 'No.',
    comments: [{ path: 'a.txt', line: 2, body: 'Why?' }],
  });
  await rig.world.rest('boss', `POST /repos/acme/widgets/pulls/${number}/comments`, {
    commit_id: head,
    path: 'a.txt',
    line: 1,
    side: 'RIGHT',
    body: 'And this?',
  });
  const { forge } = await rig.conductor.forges.forRepository(
    rig.conductor.objects.repositories.get(rig.namespace, 'widgets')!,
  );
  const threads = async () => (await forge.pullRequest({ owner: 'acme', name: 'widgets' }, number)).threads;
  const of = async (login: string) => (await threads()).find((one) => one.comments[0]?.author.login === login)!;
  const id = (await of('reviewer')).id;
  const person = await call(work, 'threads', { resolve: [{ id: (await of('boss')).id, reply: '' }], reopen: [] });
  assert.deepEqual([person.status, person.body.reason], [403, 'ThreadOfAPerson']);
  const told = await api.app.request(work.path, { headers: { authorization: `Bearer ${work.token}` } });
  assert.deepEqual(
    ((await told.json()) as Assignment).threads.map((one) => [one.comments[0]?.author, one.mayResolve]).sort(),
    [
      ['boss', false],
      ['reviewer', true],
    ],
  );
  const done = await call(work, 'threads', { resolve: [{ id, reply: 'Done.' }], reopen: [] });
  assert.deepEqual(done.body, { resolved: [id], reopened: [] });
  await call(work, 'threads', { resolve: [{ id, reply: 'Done.' }], reopen: [] });
  assert.equal((await of('reviewer')).resolved, true);
  assert.equal((await of('reviewer')).comments.length, 2);
  assert.equal((await of('boss')).resolved, false);
  assert.equal((await call(work, 'threads', { resolve: [{ id: 'gone', reply: '' }], reopen: [] })).status, 422);
  const back = await call(review, 'threads', { resolve: [], reopen: [{ id, reply: 'Still wrong.' }] });
  assert.deepEqual(back.body, { resolved: [], reopened: [id] });
  assert.equal((await of('reviewer')).resolved, false);
  await call(review, 'threads', { resolve: [], reopen: [{ id, reply: 'Still wrong.' }] });
  const settled = (await types(work)).filter((type) => type.startsWith('THREADS_'));
  assert.deepEqual(settled, ['THREADS_RESOLVED', 'THREADS_REOPENED']);
});
