import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertDelivery, assertRestAnswer } from './testing/validate.ts';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const EIGHT = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n';

test('an answer or a delivery that lacks a field or has a wrong one is told by the validators', async () => {
  const { body: issue } = await world.rest('dev', 'POST /repos/acme/widgets/issues', { title: 'Shape' }, 201);
  const { payload } = await world.listener.next('issues', 'opened');
  const { user: _, ...lacking } = issue;
  const path = '/repos/acme/widgets/issues';
  assert.throws(() => assertRestAnswer('POST', path, 201, lacking), /required property 'user'/);
  assert.throws(() => assertRestAnswer('POST', path, 201, { ...issue, number: 'one' }), /number must be/);
  assert.throws(() => assertRestAnswer('POST', path, 201, { ...issue, url: 'not a URI' }), /url must match format/);
  assert.throws(() => assertDelivery('issues', { ...payload, issue: lacking }), /required property 'user'/);
  assert.throws(() => assertDelivery('issues', { ...payload, action: 'invented' }), /no webhook event/);
  await world.listener.settled();
});

test('an issue is opened, labelled, commented, closed and opened again, each step one delivery in order', async () => {
  const since = world.listener.received.length;
  const { body: issue } = await world.rest(
    'dev',
    'POST /repos/acme/widgets/issues',
    { title: 'Broken', body: 'It is', labels: ['rig'] },
    201,
  );
  await world.rest('dev', `POST /repos/acme/widgets/issues/${issue.number}/comments`, { body: 'Look' }, 201);
  await world.rest('dev', `PATCH /repos/acme/widgets/issues/${issue.number}`, { title: 'Very broken' });
  await world.rest('dev', `PATCH /repos/acme/widgets/issues/${issue.number}`, { state: 'closed' });
  await world.rest('dev', `PATCH /repos/acme/widgets/issues/${issue.number}`, { state: 'open' });
  await world.rest('dev', `DELETE /repos/acme/widgets/issues/${issue.number}/labels/rig`);
  await world.listener.next('issues', 'unlabeled', since);
  assert.deepEqual(world.listener.names(since), [
    'label.created',
    'issues.opened',
    'issues.labeled',
    'issue_comment.created',
    'issues.edited',
    'issues.closed',
    'issues.reopened',
    'issues.unlabeled',
  ]);
});

test('a pull request lives from push to squash merge and closes its issue', async () => {
  const { body: issue } = await world.rest('boss', 'POST /repos/acme/widgets/issues', { title: 'Wrong word' }, 201);
  await world.listener.settled();
  const since = world.listener.received.length;
  const head = await world.branch('fix', EIGHT.replace('two', 'TWO'));
  const pull = await world.pull('fix', { body: `Closes #${issue.number}` });
  assert.equal(pull.head.sha, head);
  assert.equal(pull.mergeable, true);
  await world.rest('dev', 'POST /repos/acme/widgets/pulls', { title: 'Again', head: 'fix', base: 'main' }, 422);
  const merge = `PUT /repos/acme/widgets/pulls/${pull.number}/merge`;
  await world.rest('boss', merge, { sha: pull.base.sha }, 409);
  const { body: merged } = await world.rest('boss', merge, { sha: head, merge_method: 'squash' });
  await world.rest('boss', merge, { sha: head }, 405);
  await world.listener.next('issues', 'closed', since);
  assert.deepEqual(world.listener.names(since), [
    'create',
    'push',
    'pull_request.opened',
    'pull_request.closed',
    'push',
    'issues.closed',
  ]);
  const { body: after } = await world.rest('dev', `GET /repos/acme/widgets/pulls/${pull.number}`);
  assert.deepEqual(
    [after.merged, after.state, after.merge_commit_sha, after.merged_by.login],
    [true, 'closed', merged.sha, 'boss'],
  );
  await world.git('work', 'fetch', '-q');
  assert.equal(await world.git('work', 'rev-parse', 'origin/main'), merged.sha);
  assert.equal(
    await world.git('work', 'log', '-1', '--format=%s|%an|%P', merged.sha),
    `work on fix (#${pull.number})|dev|${pull.base.sha}`,
  );
});
