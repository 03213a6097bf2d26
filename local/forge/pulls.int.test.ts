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

test('a pull request follows its branch and says synchronize with before and after', async () => {
  const before = await world.branch('follow', text({ 0: 'ONE' }));
  const pull = await world.pull('follow');
  const since = world.listener.received.length;
  const after = await world.commit('work', 'b.txt', 'b\n', 'second');
  await world.git('work', 'push', '-q', world.remote('dev'), 'follow');
  const { payload } = await world.listener.next('pull_request', 'synchronize', since);
  assert.deepEqual([payload.before, payload.after, payload.pull_request.head.sha], [before, after, after]);
  const push = await world.listener.next('push', undefined, since);
  assert.deepEqual(push.payload.commits[0].added, ['b.txt']);
  assert.equal(push.payload.forced, false);
  const { body: files } = await world.rest('dev', `GET ${path(pull.number, '/files')}`);
  assert.deepEqual(
    files.map((file: { filename: string; status: string }) => [file.filename, file.status]),
    [
      ['a.txt', 'modified'],
      ['b.txt', 'added'],
    ],
  );
  const { body: commits } = await world.rest('dev', `GET ${path(pull.number, '/commits')}`);
  assert.deepEqual(
    commits.map((commit: { sha: string }) => commit.sha),
    [before, after],
  );
});

test('a force push is told as forced and keeps the pull request open on the new head', async () => {
  await world.branch('forced', text({ 0: 'ONE' }));
  const pull = await world.pull('forced');
  const since = world.listener.received.length;
  await world.git('work', 'commit', '-q', '--amend', '-m', 'amended');
  const sha = await world.git('work', 'rev-parse', 'HEAD');
  await world.git('work', 'push', '-q', '--force', world.remote('dev'), 'forced');
  const push = await world.listener.next('push', undefined, since);
  assert.equal(push.payload.forced, true);
  const { body } = await world.rest('dev', `GET ${path(pull.number)}`);
  assert.deepEqual([body.state, body.head.sha], ['open', sha]);
});

test('a conflict with the base is found by a real merge and refuses the merge with 405', async () => {
  await world.branch('left', text({ 3: 'left' }));
  await world.branch('right', text({ 3: 'right' }));
  const left = await world.pull('left');
  const right = await world.pull('right');
  assert.deepEqual([right.mergeable, right.mergeable_state], [true, 'clean']);
  await world.rest('boss', `PUT ${path(left.number, '/merge')}`, {});
  const { body } = await world.rest('dev', `GET ${path(right.number)}`);
  assert.deepEqual([body.mergeable, body.mergeable_state], [false, 'dirty']);
  await world.rest('boss', `PUT ${path(right.number, '/merge')}`, {}, 405);
});

test('merge keeps both parents, rebase replays every commit', async () => {
  await world.git('work', 'fetch', '-q');
  await world.branch('m', `${text()}nine\n`);
  await world.git('work', 'checkout', '-q', '-B', 'r', 'origin/main');
  await world.commit('work', 'r1.txt', '1\n', 'r one');
  await world.commit('work', 'r2.txt', '2\n', 'r two');
  await world.git('work', 'push', '-q', world.remote('dev'), 'r');
  const rebased = await world.pull('r');
  await world.git('work', 'checkout', '-q', '-B', 'plain', 'origin/main');
  const head = await world.commit('work', 'plain.txt', 'p\n', 'plain');
  await world.git('work', 'push', '-q', world.remote('dev'), 'plain');
  const plain = await world.pull('plain');
  const { body: merge } = await world.rest('boss', `PUT ${path(plain.number, '/merge')}`, { merge_method: 'merge' });
  const { body: rebase } = await world.rest('boss', `PUT ${path(rebased.number, '/merge')}`, {
    merge_method: 'rebase',
  });
  await world.git('work', 'fetch', '-q');
  assert.match(await world.git('work', 'log', '-1', '--format=%P', merge.sha), new RegExp(`^[0-9a-f]{40} ${head}$`));
  assert.equal(
    await world.git('work', 'log', '-3', '--format=%s', rebase.sha),
    `r two\nr one\nMerge pull request #${plain.number} from acme/plain`,
  );
  assert.equal(await world.git('work', 'show', `${rebase.sha}:r1.txt`), '1');
});

test('a draft is not merged until it is ready for review', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'draft', 'origin/main');
  await world.commit('work', 'draft.txt', 'd\n', 'draft');
  await world.git('work', 'push', '-q', world.remote('dev'), 'draft');
  const pull = await world.pull('draft', { draft: true });
  assert.equal(pull.mergeable_state, 'draft');
  await world.rest('boss', `PUT ${path(pull.number, '/merge')}`, {}, 405);
  const ready =
    'mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }';
  const { body } = await world.graphql('dev', ready, { id: pull.node_id });
  assert.deepEqual(body, { data: { markPullRequestReadyForReview: { pullRequest: { isDraft: false } } } });
  await world.listener.next('pull_request', 'ready_for_review');
  await world.rest('boss', `PUT ${path(pull.number, '/merge')}`, {});
});

test('pushing the merged head to the base branch marks the pull request merged by the pusher', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'direct', 'origin/main');
  const head = await world.commit('work', 'direct.txt', 'd\n', 'direct');
  await world.git('work', 'push', '-q', world.remote('dev'), 'direct');
  const pull = await world.pull('direct');
  await world.git('work', 'push', '-q', world.remote('dev'), 'direct:main');
  const { body } = await world.rest('dev', `GET ${path(pull.number)}`);
  assert.deepEqual([body.merged, body.merged_by.login, body.merge_commit_sha], [true, 'dev', head]);
});

test('deleting the head branch closes the pull request, and it cannot be opened again', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'gone', 'origin/main');
  await world.commit('work', 'gone.txt', 'g\n', 'gone');
  await world.git('work', 'push', '-q', world.remote('dev'), 'gone');
  const pull = await world.pull('gone');
  const since = world.listener.received.length;
  await world.rest('dev', 'DELETE /repos/acme/widgets/git/refs/heads%2Fgone', undefined, 204);
  await world.listener.next('delete', undefined, since);
  const { payload } = await world.listener.next('pull_request', 'closed', since);
  assert.equal(payload.pull_request.merged, false);
  await world.rest('dev', `PATCH ${path(pull.number)}`, { state: 'open' }, 422);
});

test('a pull request without commits, with an unknown branch or from a fork is refused with 422', async () => {
  const open = (head: string) =>
    world.rest('dev', 'POST /repos/acme/widgets/pulls', { title: 'x', head, base: 'main' }, 422);
  assert.match((await open('main')).body.errors[0].message, /^No commits between main and main/);
  assert.equal((await open('nowhere')).body.errors[0].field, 'head');
  assert.equal((await open('dev:main')).body.errors[0].field, 'head');
});

test('refs are created, moved only forward unless forced, compared and read', async () => {
  const { body: main } = await world.rest('dev', 'GET /repos/acme/widgets/branches/main');
  const parent = main.commit.parents[0].sha;
  await world.rest(
    'dev',
    'POST /repos/acme/widgets/git/refs',
    { ref: 'refs/heads/made/here', sha: main.commit.sha },
    201,
  );
  await world.rest(
    'dev',
    'POST /repos/acme/widgets/git/refs',
    { ref: 'refs/heads/made/here', sha: main.commit.sha },
    422,
  );
  const ref = '/repos/acme/widgets/git/refs/heads%2Fmade%2Fhere';
  await world.rest('dev', `PATCH ${ref}`, { sha: parent }, 422);
  await world.rest('dev', `PATCH ${ref}`, { sha: parent, force: true });
  const { body } = await world.rest('dev', 'GET /repos/acme/widgets/compare/made%2Fhere...main');
  assert.deepEqual([body.status, body.ahead_by, body.behind_by], ['ahead', 1, 0]);
  await world.rest('dev', 'GET /repos/acme/widgets/git/ref/heads%2Fmade%2Fhere');
  const { body: file } = await world.rest('dev', 'GET /repos/acme/widgets/contents/direct.txt?ref=main');
  assert.equal(Buffer.from(file.content, 'base64').toString(), 'd\n');
  await world.rest('dev', 'GET /repos/acme/widgets/contents/none.txt', undefined, 404);
  await world.rest('dev', 'GET /repos/acme/widgets/commits?sha=main&per_page=1');
  await world.rest('dev', 'GET /repos/acme/widgets/commits/main');
});

test('ten pushes at once to one repository are each told exactly once', async () => {
  const since = world.listener.received.length;
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '--detach', 'origin/main');
  const names = Array.from({ length: 10 }, (_, index) => `many-${index}`);
  await Promise.all(
    names.map((name) => world.git('work', 'push', '-q', world.remote('dev'), `HEAD:refs/heads/${name}`)),
  );
  await world.listener.settled();
  const pushed = world.listener.received.slice(since).filter((each) => each.event === 'push');
  assert.deepEqual(
    pushed.map((each) => each.payload.ref).sort(),
    names.map((name) => `refs/heads/${name}`),
  );
  assert.equal(new Set(world.listener.received.map((each) => each.guid)).size, world.listener.received.length);
});
