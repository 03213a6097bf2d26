import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { signJwt } from './testing/jwt.ts';
import { SECRET } from './testing/listener.ts';
import { World } from './testing/world.ts';

let world: World;
let clock = Date.now();
let appId = 0;
let installation = 0;
let privateKey = '';
before(async () => {
  world = await World.start({ clock: () => clock });
  await world.admin('POST', '/apps', { slug: 'conductor' });
  const { body } = await world.admin('POST', '/apps/conductor/keys', {});
  ({ appId, privateKey } = body);
});
after(() => world.close());

const R = '/repos/acme/widgets';
const seconds = () => Math.floor(clock / 1000);

const jwt = (claims: Record<string, unknown> = {}, key = privateKey, alg = 'RS256') =>
  signJwt(key, { iat: seconds() - 60, exp: seconds() + 540, iss: String(appId), ...claims }, alg);

const asApp = async (operation: string, status: number, body?: unknown, token = jwt()) =>
  (await world.rest(token, operation, body, status)).body;
const tokenFor = async (fields: Record<string, unknown> = {}): Promise<string> =>
  (await asApp(`POST /app/installations/${installation}/access_tokens`, 201, fields)).token;

test('an App speaks for itself by a token it signed, and for ten minutes at most', async () => {
  assert.equal((await asApp('GET /app', 200)).slug, 'conductor');
  await asApp('GET /app', 200, undefined, jwt({ iss: appId }));
  const refused = async (token: string, status = 401) => (await asApp('GET /app', status, undefined, token)).message;
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
  assert.equal(await refused(jwt({}, other.toString())), 'A JSON web token could not be decoded');
  assert.equal(await refused(jwt({}, privateKey, 'none')), 'A JSON web token could not be decoded');
  assert.match(await refused(jwt({ exp: seconds() + 661 })), /\('exp'\) is too far in the future$/);
  assert.match(
    await refused(jwt({ exp: seconds() - 1 })),
    /^'Expiration time' claim \('exp'\) must be a numeric value/,
  );
  assert.match(await refused(jwt({ iat: seconds() + 120 })), /^'Issued at' claim \('iat'\) must be an Integer/);
  assert.equal(await refused(jwt({ iss: 4711 }), 404), 'Integration not found');
  await asApp(`GET ${R}/issues`, 403);
  await world.rest('boss', 'GET /app', undefined, 401);
});

test('an installation is told to the App alone, and found by its repository', async () => {
  await asApp(`GET ${R}/installation`, 404);
  const url = (await world.rest('boss', `GET ${R}/hooks`)).body[0].config.url;
  await world.admin('PUT', '/apps/conductor/webhook', { url, secret: SECRET });
  const since = world.listener.received.length;
  const wanted = {
    account: 'acme',
    repositories: ['widgets'],
    permissions: { contents: 'write', issues: 'write', checks: 'write', pull_requests: 'read' },
  };
  const { body, status } = await world.admin('POST', '/apps/conductor/installations', wanted);
  assert.equal(status, 201);
  installation = body.id;
  const { payload, headers } = await world.listener.next('installation', 'created', since);
  assert.deepEqual(
    payload.repositories.map((repo: { full_name: string }) => repo.full_name),
    ['acme/widgets'],
  );
  assert.equal(headers['x-github-hook-installation-target-type'], 'integration');
  assert.equal((await asApp(`GET ${R}/installation`, 200)).id, installation);
  assert.equal((await asApp('GET /app/installations', 200)).length, 1);
  await asApp(`GET /app/installations/${installation}`, 200);
  await asApp('GET /app/installations/1', 404);
});

test('a token of an installation does what it was granted, for an hour, and its checks carry the App', async () => {
  const token = await tokenFor();
  const sha = (await world.rest(token, `GET ${R}/branches/main`)).body.commit.sha;
  const { body: run } = await world.rest(token, `POST ${R}/check-runs`, { name: 'c', head_sha: sha }, 201);
  assert.equal(run.app.id, appId);
  const since = world.listener.received.length;
  const { body: issue } = await world.rest(token, `POST ${R}/issues`, { title: 'By an App', labels: ['x'] }, 201);
  assert.equal(issue.user.login, 'conductor[bot]');
  await world.listener.settled();
  const both = world.listener.received
    .slice(since)
    .filter(({ event, action }) => event === 'issues' && action === 'opened');
  assert.deepEqual(both.map(({ payload }) => payload.installation?.id ?? null).sort(), [installation, null].sort());
  const refused = await world.rest(token, `POST ${R}/statuses/${sha}`, { state: 'success' }, 403);
  assert.equal(refused.body.message, 'Resource not accessible by integration');
  await world.rest(token, `GET ${R}/hooks`, undefined, 403);
  await world.rest(token, 'GET /user', undefined, 403);
  const narrow = await tokenFor({ repositories: ['widgets'], permissions: { issues: 'read' } });
  await world.rest(narrow, `GET ${R}/issues`);
  await world.rest(narrow, `POST ${R}/issues`, { title: 'No' }, 403);
  const { body: repos } = await world.rest(narrow, 'GET /installation/repositories');
  assert.deepEqual([repos.total_count, repos.repository_selection], [1, 'selected']);
  await asApp(`POST /app/installations/${installation}/access_tokens`, 422, { permissions: { contents: 'admin' } });
  await asApp(`POST /app/installations/${installation}/access_tokens`, 422, { repositories: ['none'] });
  await world.rest(narrow, 'DELETE /installation/token', undefined, 204);
  await world.rest(narrow, `GET ${R}/issues`, undefined, 401);
  clock += 3600_000;
  await world.rest(token, `GET ${R}`, undefined, 401);
});

test('git takes an installation’s token as its password, and asks it for contents', async () => {
  const remote = (token: string) => world.remote('dev').replace(/:\/\/[^@]*@/, `://x-access-token:${token}@`);
  await world.git('work', 'checkout', '-q', '-B', 'app', 'origin/main');
  await world.commit('work', 'app.txt', 'app\n', 'app');
  await world.git('work', 'push', '-q', remote(await tokenFor()), 'app');
  const reader = await tokenFor({ permissions: { contents: 'read' } });
  await world.git('work', 'ls-remote', remote(reader));
  await assert.rejects(world.git('work', 'push', '-q', remote(reader), 'app:refs/heads/no'), /403/);
  const blind = await tokenFor({ permissions: { issues: 'read' } });
  await assert.rejects(world.git('work', 'ls-remote', remote(blind)), /not found/);
});

test('repositories given and taken are told, and what is taken is hidden', async () => {
  await world.admin('POST', '/repositories', { owner: 'acme', name: 'second', private: true });
  const since = world.listener.received.length;
  await world.admin('POST', '/apps/conductor/installations', { account: 'acme', repositories: ['second'] });
  const added = await world.listener.next('installation_repositories', 'added', since);
  assert.equal(added.payload.repositories_added[0].name, 'second');
  const removed = await world.listener.next('installation_repositories', 'removed', since);
  assert.equal(removed.payload.repositories_removed[0].name, 'widgets');
  const token = await tokenFor();
  await world.rest(token, `GET ${R}`, undefined, 404);
  await world.rest(token, 'GET /repos/acme/second');
});

test('a suspended installation answers 403 and is let go on; a deleted one leaves tokens that are 401', async () => {
  const token = await tokenFor();
  const since = world.listener.received.length;
  await asApp(`PUT /app/installations/${installation}/suspended`, 204);
  await world.listener.next('installation', 'suspend', since);
  const { body } = await world.rest(token, 'GET /repos/acme/second', undefined, 403);
  assert.equal(body.message, 'This installation has been suspended');
  await asApp(`POST /app/installations/${installation}/access_tokens`, 403);
  await world.admin('DELETE', `/installations/${installation}/suspended`);
  await world.listener.next('installation', 'unsuspend', since);
  await world.rest(token, 'GET /repos/acme/second');
  await asApp(`DELETE /app/installations/${installation}`, 204);
  await world.listener.next('installation', 'deleted', since);
  await world.rest(token, 'GET /repos/acme/second', undefined, 401);
  await asApp(`POST /app/installations/${installation}/access_tokens`, 404);
});
