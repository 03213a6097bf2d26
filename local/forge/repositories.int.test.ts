import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const R = '/repos/acme/widgets';
const raw = (login: string, method: string, path: string, body?: unknown) =>
  fetch(`${world.forge.apiURL}${path}`, {
    method,
    redirect: 'manual',
    headers: { authorization: `token ${world.tokens.get(login)}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const settle = async (since: number) => {
  await world.listener.settled();
  return world.listener.names(since);
};

test('a reaction is added once for each person, counted where it belongs and taken back by its owner alone', async () => {
  const { body: issue } = await world.rest('dev', `POST ${R}/issues`, { title: 'React' }, 201);
  const { body: comment } = await world.rest('dev', `POST ${R}/issues/${issue.number}/comments`, { body: 'So' }, 201);
  const at = `${R}/issues/comments/${comment.id}/reactions`;
  const { body: eyes } = await world.rest('dev', `POST ${at}`, { content: 'eyes' }, 201);
  await world.rest('dev', `POST ${at}`, { content: 'eyes' }, 200);
  await world.rest('boss', `POST ${at}`, { content: 'eyes' }, 201);
  await world.rest('boss', `POST ${at}`, { content: 'shrug' }, 422);
  const { reactions } = (await world.rest('dev', `GET ${R}/issues/comments/${comment.id}`)).body;
  assert.deepEqual([reactions.eyes, reactions.total_count], [2, 2]);
  await world.rest('boss', `DELETE ${at}/${eyes.id}`, undefined, 403);
  await world.rest('dev', `DELETE ${R}/issues/${issue.number}/reactions/${eyes.id}`, undefined, 404);
  await world.rest('dev', `DELETE ${at}/${eyes.id}`, undefined, 204);
  assert.equal((await world.rest('dev', `GET ${at}?content=eyes`)).body.length, 1);
});

test('two pull requests of one head each have their own checks list, merge and end', async () => {
  const sha = await world.branch('twin-a', 'twin\n');
  await world.git('work', 'push', '-q', world.remote('dev'), 'HEAD:refs/heads/twin-b');
  const [a, b] = [await world.pull('twin-a'), await world.pull('twin-b')];
  assert.deepEqual([a.head.sha, b.head.sha], [sha, sha]);
  const run = { name: 'once', head_sha: sha, status: 'completed', conclusion: 'success' };
  const { body } = await world.rest('checker', `POST ${R}/check-runs`, run, 201);
  const numbers = body.pull_requests.map((pull: { number: number }) => pull.number);
  assert.deepEqual(numbers.sort(), [a.number, b.number].sort());
  await world.rest('boss', `PUT ${R}/pulls/${a.number}/merge`, { sha, merge_method: 'squash' });
  const { body: other } = await world.rest('dev', `GET ${R}/pulls/${b.number}`);
  assert.deepEqual([other.state, other.merged], ['open', false]);
  await world.rest('boss', `PUT ${R}/pulls/${b.number}/merge`, { sha, merge_method: 'merge' });
});

test('a merge method that the repository does not offer is refused', async () => {
  await world.git('work', 'fetch', '-q');
  await world.git('work', 'checkout', '-q', '-B', 'method', 'origin/main');
  await world.commit('work', 'method.txt', 'm\n', 'method');
  await world.git('work', 'push', '-q', world.remote('dev'), 'method');
  const pull = await world.pull('method');
  await world.rest('dev', `PATCH ${R}`, { allow_squash_merge: false }, 403);
  const { body } = await world.rest('boss', `PATCH ${R}`, { allow_squash_merge: false });
  assert.deepEqual([body.allow_squash_merge, body.allow_merge_commit], [false, true]);
  const merge = `PUT ${R}/pulls/${pull.number}/merge`;
  const refused = await world.rest('boss', merge, { merge_method: 'squash' }, 405);
  assert.equal(refused.body.message, 'Squash merges are not allowed on this repository.');
  await world.rest('boss', merge, { merge_method: 'rebase' });
});

test('an archived repository is read and nothing else, over REST, GraphQL and git, until it is unarchived', async () => {
  const { body: issue } = await world.rest('dev', `POST ${R}/issues`, { title: 'Before' }, 201);
  const pull = await world.branch('archived', 'a\n').then(() => world.pull('archived'));
  await world.listener.settled();
  const since = world.listener.received.length;
  assert.equal((await world.rest('boss', `PATCH ${R}`, { archived: true })).body.archived, true);
  const refused = await world.rest('dev', `POST ${R}/issues/${issue.number}/comments`, { body: 'x' }, 403);
  assert.equal(refused.body.message, 'Repository was archived so is read-only.');
  await world.rest('boss', `PATCH ${R}`, { description: 'x' }, 403);
  await world.rest('dev', `GET ${R}/issues`);
  const draft =
    'mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } } }';
  const { body } = await world.graphql('dev', draft, { id: pull.node_id });
  assert.match(body.errors[0].message, /archived so is read-only/);
  await assert.rejects(world.git('work', 'push', world.remote('dev'), 'HEAD:refs/heads/no'), /403/);
  await world.git('work', 'ls-remote', world.remote('dev'));
  await world.rest('boss', `PATCH ${R}`, { archived: false });
  assert.deepEqual(await settle(since), ['repository.archived', 'repository.unarchived']);
});

test('a renamed repository is found by its number, its old name leads there, and git follows', async () => {
  const { body: before } = await world.rest('dev', `GET ${R}`);
  const since = world.listener.received.length;
  await world.rest('boss', `PATCH ${R}`, { name: 'gadgets' });
  const renamed = await world.listener.next('repository', 'renamed', since);
  assert.equal(renamed.payload.changes.repository.name.from, 'widgets');
  const read = await raw('dev', 'GET', `${R}/issues?per_page=1`);
  assert.deepEqual(
    [read.status, read.headers.get('location')],
    [301, `${world.forge.apiURL}/repositories/${before.id}/issues?per_page=1`],
  );
  const write = await raw('dev', 'POST', `${R}/issues`, { title: 'Sent on' });
  assert.equal(write.status, 307);
  assert.equal((await raw('outsider', 'GET', `${R}/issues`)).status, 404);
  const followed = await raw('dev', 'GET', `/repositories/${before.id}/issues?per_page=1`);
  assert.equal(followed.status, 200);
  assert.match(
    followed.headers.get('link') ?? '',
    /\/api\/v3\/repos\/acme\/gadgets\/issues\?per_page=1&page=2>; rel="next"/,
  );
  const made = await raw('dev', 'POST', `/repositories/${before.id}/issues`, { title: 'By number' });
  assert.equal(made.status, 201);
  await world.git('work', 'fetch', '-q', world.remote('dev'));
  await world.git('work', 'push', '-q', world.remote('dev'), 'HEAD:refs/heads/followed');
  const query = '{ repository(owner: "acme", name: "widgets") { name databaseId } }';
  assert.deepEqual((await world.graphql('dev', query)).body.data.repository, {
    name: 'gadgets',
    databaseId: before.id,
  });
});

test('a new repository takes the old name with objects of its own, and the redirect ends', async () => {
  await world.admin('POST', '/repositories', {
    owner: 'acme',
    name: 'widgets',
    private: true,
    collaborators: { dev: 'write' },
  });
  const { body } = await world.rest('dev', `GET ${R}`);
  assert.deepEqual((await world.rest('dev', `GET ${R}/branches`)).body, []);
  const { body: old } = await world.rest('dev', 'GET /repos/acme/gadgets');
  assert.notEqual(body.id, old.id);
  assert.ok((await world.rest('dev', 'GET /repos/acme/gadgets/branches')).body.length > 0);
  await world.rest('boss', 'PATCH /repos/acme/gadgets', { name: 'widgets' }, 422);
});

test('a transferred repository has its new owner, and its old address leads there', async () => {
  const since = world.listener.received.length;
  await world.admin('POST', '/users', { login: 'other-org', type: 'Organization' });
  const to = { new_owner: 'other-org', new_name: 'things' };
  await world.rest('boss', 'POST /repos/acme/gadgets/transfer', to, 202);
  const { payload } = await world.listener.next('repository', 'transferred', since);
  assert.equal(payload.changes.owner.from.organization.login, 'acme');
  assert.equal((await world.rest('dev', 'GET /repos/other-org/things')).body.full_name, 'other-org/things');
  assert.equal((await raw('dev', 'GET', '/repos/acme/gadgets')).status, 301);
  await world.forge.close();
  await world.open();
  await world.rest('dev', 'GET /repos/other-org/things/contents/a.txt');
});

test('a deleted repository is gone for everyone, its hook hears of it, and its objects go at the next start', async () => {
  const { body: repo } = await world.rest('dev', 'GET /repos/other-org/things');
  const objects = join(world.dir, 'data', 'repositories', 'acme', 'widgets.git');
  await access(objects);
  await world.listener.settled();
  const since = world.listener.received.length;
  await world.rest('dev', 'DELETE /repos/other-org/things', undefined, 403);
  await world.rest('boss', 'DELETE /repos/other-org/things', undefined, 204);
  await world.listener.next('repository', 'deleted', since);
  assert.deepEqual(await settle(since), ['repository.deleted']);
  for (const path of [
    '/repos/other-org/things',
    '/repos/acme/gadgets',
    `/repositories/${repo.id}`,
    `/repositories/${repo.id}/issues`,
  ]) {
    assert.equal((await raw('boss', 'GET', path)).status, 404, path);
  }
  await world.forge.close();
  await world.open();
  await assert.rejects(access(objects));
  await world.rest('dev', `GET ${R}`);
});
