import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import type { DomainEvent } from '#domain';
import { type AgentGit, gatewayForFile } from '../gateway/git.int-kit.ts';
import type { TestConductor } from './conductor.int-kit.ts';
import { claimedIssue, furtherTask, type TestApi, type TestTask } from './task.int-kit.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const TEXT = { title: 'Mend it', what: 'A', why: 'B', proof: 'C', risk: 'D' };

let rig: TestConductor;
let api: TestApi;
let git: AgentGit;

before(async () => {
  ({ rig, api, git } = await gatewayForFile());
});

async function call(task: TestTask, route: string, body?: unknown) {
  const answer = await api.app.request(`${task.path}${route}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${task.token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: problem or answer
  return { status: answer.status, body: (await answer.json()) as any };
}

async function types(task: TestTask): Promise<string[]> {
  const { rows } = await rig.db.pool.query('SELECT type FROM events WHERE stream = $1 ORDER BY version', [
    task.subject.id,
  ]);
  return rows.map((row) => row.type);
}

async function tip(task: TestTask): Promise<string> {
  const listed = await rig.world.git('work', 'ls-remote', rig.world.remote('boss'), `refs/heads/${task.branch}`);
  return listed.split('\t')[0]!;
}

/** A pushed change with its pull request. */
async function delivered(task: TestTask) {
  const clone = await git.clone(task, task.issue);
  const head = await git.commit(clone, 'a.txt', `one\n${task.issue}\nthree\n`);
  const pushed = await git.push(task, clone);
  assert.equal(pushed.code, 0, pushed.stderr);
  const { status, body } = await call(task, '/pull-request', TEXT);
  assert.equal(status, 200, JSON.stringify(body));
  return { clone, head, number: body.number as number };
}

/** The change turns out to be graded T3. */
async function raise(task: TestTask, headSHA: string): Promise<void> {
  const grade = { tier: 'T3', taskClass: 'fix', rule: 'auth', path: 'a.txt', reason: 'Auth.', policy: 'p.1' } as const;
  const raised: DomainEvent = { type: 'CHANGE_CLASSIFIED', data: { headSHA, ...grade } };
  await rig.conductor.log.append(task.subject, CAUSE, () => [raised]);
}

test('a branch whose change became T3 takes no further push of the agent, and the forge stays as it is', async () => {
  const task = await claimedIssue(api, 'risen');
  const { clone, head } = await delivered(task);
  await raise(task, head);
  await git.commit(clone, 'a.txt', 'one more\n');
  const { code, stderr } = await git.push(task, clone);
  assert.notEqual(code, 0);
  assert.match(
    stderr,
    /Issue risen is graded T3, so \S+ takes no push of an agent any more: stop here, a person goes on with it/,
  );
  assert.equal(await tip(task), head);
  const rework = await furtherTask(api, task, 'rework', head).catch(() => null);
  if (rework !== null) assert.notEqual((await git.push(rework, clone)).code, 0);
});

test('a preparation pushes while its pull request is a draft, and no more once it is ready', async () => {
  const task = await claimedIssue(api, 'prepared', { kind: 'prepare', tier: 'T3' });
  const { body: assignment } = await call(task, '');
  assert.deepEqual([assignment.task.kind, assignment.issue.tier], ['prepare', 'T3']);
  const { clone, number } = await delivered(task);
  const { body: pull } = await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}`);
  assert.equal(pull.draft, true);
  const second = await git.commit(clone, 'a.txt', 'second\n');
  assert.equal((await git.push(task, clone)).code, 0);
  assert.equal(await tip(task), second);
  const ready =
    'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }';
  await rig.world.graphql('boss', ready, { id: pull.node_id });
  await call(task, '/pull-request', TEXT);
  await git.commit(clone, 'a.txt', 'third\n');
  const late = await git.push(task, clone);
  assert.notEqual(late.code, 0);
  assert.match(
    late.stderr,
    /Issue prepared is graded T3, and its preparation pushes to \S+ only while pull request #\d+ is a draft/,
  );
  assert.equal(await tip(task), second);
});

test('an agent’s approval of T3 work reaches no forge, is answered with why, and is told', async () => {
  const work = await claimedIssue(api, 'approved-by-agent');
  const { head, number } = await delivered(work);
  const review = await furtherTask(api, work, 'review', head);
  await raise(work, head);
  const approve = { verdict: 'approve', body: 'Looks good.', comments: [] };
  const { status, body } = await call(review, '/verdict', approve);
  assert.deepEqual([status, body], [200, { submitted: false, reason: 'IrreversibleTier' }]);
  await call(review, '/verdict', approve);
  const { body: reviews } = await rig.world.rest('boss', `GET /repos/acme/widgets/pulls/${number}/reviews`);
  assert.deepEqual(reviews, []);
  const told = (await types(work)).filter((type) => type.startsWith('REVIEW_') && type !== 'REVIEW_ASSIGNED');
  assert.deepEqual(told, ['REVIEW_REFUSED']);
});

test('an agent may still ask for changes to T3 work', async () => {
  const work = await claimedIssue(api, 'disputed-by-agent');
  const { head } = await delivered(work);
  const review = await furtherTask(api, work, 'review', head);
  await raise(work, head);
  const { body } = await call(review, '/verdict', { verdict: 'request-changes', body: 'It leaks.', comments: [] });
  assert.deepEqual(body, { submitted: true, reason: null });
  assert.ok((await types(work)).includes('REVIEW_DISPUTED'));
});

test('a plan is posted once and told with its digest; a plan task pushes nothing and opens nothing', async () => {
  const task = await claimedIssue(api, 'planned', { kind: 'plan', tier: 'T2' });
  const { status, body } = await call(task, '/plan', { text: 'Change a.\r\nThen b.' });
  assert.equal(status, 200, JSON.stringify(body));
  const digest = `sha256:${createHash('sha256').update('Change a.\nThen b.').digest('hex')}`;
  assert.equal(body.digest, digest);
  const again = await call(task, '/plan', { text: 'Change a.\nThen b.' });
  assert.equal(again.body.url, body.url);
  const { body: comments } = await rig.world.rest('boss', `GET /repos/acme/widgets/issues/${task.number}/comments`);
  assert.equal(comments.length, 1);
  assert.match(comments[0].body, /rig approve planned --scope interface/);
  assert.equal((await types(task)).filter((type) => type === 'PLAN_PROPOSED').length, 1);
  const clone = await git.clone(task, 'planned');
  await git.commit(clone, 'a.txt', 'x\n');
  assert.match((await git.push(task, clone)).stderr, /403|may not push/);
  assert.equal((await call(task, '/pull-request', TEXT)).status, 403);
  const other = await claimedIssue(api, 'not-planned');
  assert.equal((await call(other, '/plan', { text: 'x' })).status, 403);
});
