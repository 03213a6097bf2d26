import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
const text = (changes: Record<number, string> = {}) =>
  LINES.map((line, index) => `${changes[index] ?? line}\n`).join('');
const path = (number: number, rest = '') => `/repos/acme/widgets/pulls/${number}${rest}`;

const THREADS = `query($number: Int!) { repository(owner: "acme", name: "widgets") { pullRequest(number: $number) {
  reviewDecision
  reviewThreads(first: 10) { totalCount nodes { id isResolved isOutdated line path resolvedBy { login } comments(first: 10) { nodes { body author { login } replyTo { databaseId } } } } }
} } }`;
const RESOLVE = 'mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }';
const UNRESOLVE = 'mutation($id: ID!) { unresolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }';
const REPLY =
  'mutation($id: ID!, $body: String!) { addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $id, body: $body}) { comment { body } } }';

async function threadsOf(number: number) {
  const { body } = await world.graphql('dev', THREADS, { number });
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data.repository.pullRequest;
}

test('the author can neither approve nor request changes, only comment', async () => {
  await world.branch('own', text({ 1: 'TWO' }));
  const pull = await world.pull('own');
  const review = `POST ${path(pull.number, '/reviews')}`;
  const { body } = await world.rest('dev', review, { event: 'APPROVE' }, 422);
  assert.deepEqual(body.errors, ['Review Can not approve your own pull request']);
  await world.rest('dev', review, { event: 'REQUEST_CHANGES', body: 'no' }, 422);
  await world.rest('dev', review, { event: 'COMMENT', body: 'note' }, 200);
  await world.rest('reviewer', review, { event: 'REQUEST_CHANGES' }, 422);
  await world.rest('reviewer', review, { event: 'APPROVE', commit_id: 'f'.repeat(40) }, 422);
});

test('a change is requested on a line, answered, fixed, resolved and approved on the new head', async () => {
  await world.branch('round', text({ 1: 'TWO', 6: 'SEVEN' }));
  const pull = await world.pull('round');
  const since = world.listener.received.length;
  const wanted = {
    event: 'REQUEST_CHANGES',
    body: 'One thing',
    comments: [
      { path: 'a.txt', line: 2, body: 'Say two' },
      { path: 'a.txt', line: 7, body: 'Fine?' },
    ],
  };
  await world.rest('reviewer', `POST ${path(pull.number, '/reviews')}`, wanted, 200);
  await world.listener.settled();
  assert.deepEqual(world.listener.names(since), [
    'pull_request_review.submitted',
    'pull_request_review_comment.created',
    'pull_request_review_comment.created',
  ]);
  const [first, second] = (await threadsOf(pull.number)).reviewThreads.nodes;
  assert.deepEqual([first.line, first.isResolved, first.isOutdated], [2, false, false]);
  assert.equal((await world.graphql('dev', REPLY, { id: first.id, body: 'Done' })).body.errors, undefined);
  assert.equal(
    (await world.graphql('dev', RESOLVE, { id: first.id })).body.data.resolveReviewThread.thread.isResolved,
    true,
  );
  await world.listener.next('pull_request_review_thread', 'resolved', since);

  const head = await world.commit('work', 'a.txt', `zero\n${text({ 1: 'two!', 6: 'SEVEN' })}`, 'rework');
  await world.git('work', 'push', '-q', world.remote('dev'), 'round');
  const after = await threadsOf(pull.number);
  const [fixed, kept] = after.reviewThreads.nodes;
  assert.deepEqual([fixed.line, fixed.isOutdated, fixed.resolvedBy.login], [null, true, 'dev']);
  assert.deepEqual([kept.id, kept.line, kept.isOutdated], [second.id, 8, false]);
  assert.deepEqual(
    fixed.comments.nodes.map((each: { body: string }) => each.body),
    ['Say two', 'Done'],
  );
  assert.equal(after.reviewDecision, 'CHANGES_REQUESTED');
  await world.rest('reviewer', `POST ${path(pull.number, '/reviews')}`, { event: 'APPROVE', commit_id: head }, 200);
  assert.equal((await threadsOf(pull.number)).reviewDecision, 'APPROVED');
  const { body: reviews } = await world.rest('dev', `GET ${path(pull.number, '/reviews')}`);
  assert.deepEqual(
    reviews.map((each: { state: string; commit_id: string }) => [each.state, each.commit_id === head]),
    [
      ['CHANGES_REQUESTED', false],
      ['COMMENTED', false],
      ['APPROVED', true],
    ],
  );
});

test('a thread is reopened, and someone without write access may not touch it', async () => {
  await world.branch('reopen', text({ 1: 'TWO' }));
  const pull = await world.pull('reopen');
  const comment = { body: 'Hm', path: 'a.txt', line: 2, side: 'RIGHT', commit_id: pull.head.sha };
  const { body: root } = await world.rest('reviewer', `POST ${path(pull.number, '/comments')}`, comment, 201);
  await world.rest('dev', `POST ${path(pull.number, `/comments/${root.id}/replies`)}`, { body: 'Why?' }, 201);
  const { body: list } = await world.rest('dev', `GET ${path(pull.number, '/comments')}`);
  assert.equal(list[1].in_reply_to_id, root.id);
  const [thread] = (await threadsOf(pull.number)).reviewThreads.nodes;
  await world.graphql('reviewer', RESOLVE, { id: thread.id });
  const since = world.listener.received.length;
  assert.equal((await world.graphql('reviewer', UNRESOLVE, { id: thread.id })).body.errors, undefined);
  await world.listener.next('pull_request_review_thread', 'unresolved', since);
  const denied = await world.graphql('outsider', RESOLVE, { id: thread.id });
  assert.equal(denied.body.errors[0].type, 'NOT_FOUND');
  assert.equal((await threadsOf(pull.number)).reviewThreads.nodes[0].isResolved, false);
});

test('a comment outside of the diff is refused and leaves no review behind', async () => {
  await world.branch('outside', text({ 1: 'TWO' }));
  const pull = await world.pull('outside');
  const wanted = (comment: object) => ({ event: 'COMMENT', body: 'x', comments: [comment] });
  const review = `POST ${path(pull.number, '/reviews')}`;
  await world.rest('reviewer', review, wanted({ path: 'a.txt', line: 99, body: 'x' }), 422);
  await world.rest('reviewer', review, wanted({ path: 'none.txt', line: 1, body: 'x' }), 422);
  const { body } = await world.rest('dev', `GET ${path(pull.number, '/reviews')}`);
  assert.deepEqual(body, []);
});

test('a dismissed approval no longer decides', async () => {
  await world.branch('dismiss', text({ 1: 'TWO' }));
  const pull = await world.pull('dismiss');
  const { body: review } = await world.rest(
    'reviewer',
    `POST ${path(pull.number, '/reviews')}`,
    { event: 'APPROVE' },
    200,
  );
  const dismissal = `PUT ${path(pull.number, `/reviews/${review.id}/dismissals`)}`;
  const { body } = await world.rest('boss', dismissal, { message: 'too old' });
  assert.equal(body.state, 'DISMISSED');
  await world.listener.next('pull_request_review', 'dismissed');
  assert.equal((await threadsOf(pull.number)).reviewDecision, null);
  await world.rest('boss', dismissal, { message: 'again' }, 422);
});

test('a requested reviewer is asked once and off the list after the review', async () => {
  await world.branch('asked', text({ 1: 'TWO' }));
  const pull = await world.pull('asked');
  const reviewers = path(pull.number, '/requested_reviewers');
  await world.rest('dev', `POST ${reviewers}`, { reviewers: ['dev'] }, 422);
  await world.rest('dev', `POST ${reviewers}`, { reviewers: ['reviewer'] }, 201);
  await world.listener.next('pull_request', 'review_requested');
  assert.equal((await world.rest('dev', `GET ${reviewers}`)).body.users[0].login, 'reviewer');
  await world.rest('reviewer', `POST ${path(pull.number, '/reviews')}`, { event: 'APPROVE' }, 200);
  assert.deepEqual((await world.rest('dev', `GET ${reviewers}`)).body.users, []);
});
