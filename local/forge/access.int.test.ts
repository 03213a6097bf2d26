import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { startForge } from './index.ts';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

test('no token and a wrong token are 401, what one may not see is 404, what one may not do 403', async () => {
  const { body } = await world.rest('', 'GET /user', undefined, 401);
  assert.equal(body.message, 'Requires authentication');
  const wrong = await world.rest(`ghp_${'x'.repeat(36)}`, 'GET /user', undefined, 401);
  assert.equal(wrong.body.message, 'Bad credentials');
  await world.rest('outsider', 'GET /repos/acme/widgets', undefined, 404);
  await world.rest('outsider', 'GET /repos/acme/none', undefined, 404);
  await world.admin('PUT', '/repositories/acme/widgets/collaborators/outsider', { permission: 'read' });
  await world.rest('outsider', 'GET /repos/acme/widgets');
  await world.rest('outsider', 'POST /repos/acme/widgets/statuses/main', { state: 'success' }, 403);
  await world.rest('dev', 'GET /repos/acme/widgets/hooks', undefined, 404);
  const { body: role } = await world.rest('dev', 'GET /repos/acme/widgets/collaborators/outsider/permission');
  assert.deepEqual([role.permission, role.role_name], ['read', 'read']);
  await world.rest('dev', 'GET /user');
  await world.rest('dev', 'GET /user/repos');
  await world.rest('dev', 'GET /users/boss');
  await world.rest('boss', 'GET /repos/acme/widgets/collaborators');
});

test('git over HTTP asks for credentials, hides what one may not see and refuses pushes of readers', async () => {
  const anonymous = await fetch(`${world.forge.url}/acme/widgets.git/info/refs?service=git-upload-pack`);
  assert.deepEqual([anonymous.status, anonymous.headers.get('www-authenticate')], [401, 'Basic realm="GitHub"']);
  await world.admin('PUT', '/repositories/acme/widgets/collaborators/outsider', { permission: 'read' });
  await assert.rejects(world.git('work', 'push', '-q', world.remote('outsider'), 'HEAD:refs/heads/no'), /403/);
  await world.admin('PUT', '/repositories/acme/widgets/collaborators/outsider', { permission: 'none' });
  await assert.rejects(world.git('work', 'ls-remote', world.remote('outsider')), /not found/);
  await assert.rejects(world.git('work', 'push', '-q', world.remote('dev'), 'HEAD:refs/pull/1/head'), /hidden ref/);
});

test('an operation of GitHub that is not served is 501 with its name, an unknown path 404', async () => {
  const { body } = await world.rest('dev', 'GET /repos/acme/widgets/actions/runs', undefined, 501);
  assert.match(body.message, /does not serve GET \/repos\/\{owner\}\/\{repo\}\/actions\/runs$/);
  const unknown = await fetch(`${world.forge.apiURL}/no/such/thing`, {
    headers: { authorization: `token ${world.tokens.get('dev')}` },
  });
  assert.equal(unknown.status, 404);
});

test('a valid GraphQL query with an unserved field is 501 naming it, an invalid one is told as GitHub does', async () => {
  const unserved = await world.graphql('dev', '{ repository(owner: "acme", name: "widgets") { stargazerCount } }');
  assert.equal(unserved.status, 501);
  assert.match(unserved.body.message, /GraphQL field Repository\.stargazerCount$/);
  const invalid = await world.graphql('dev', '{ repository(owner: "acme", name: "widgets") { stars } }');
  assert.equal(invalid.status, 200);
  assert.match(invalid.body.errors[0].message, /Cannot query field "stars"/);
  const missing = await world.graphql('dev', '{ repository(owner: "acme", name: "none") { name } }');
  assert.deepEqual([missing.body.data.repository, missing.body.errors[0].type], [null, 'NOT_FOUND']);
  const unbounded = await world.graphql(
    'dev',
    '{ repository(owner: "acme", name: "widgets") { labels { totalCount } } }',
  );
  assert.equal(unbounded.body.errors[0].type, 'MISSING_PAGINATION_BOUNDARIES');
});

test('lists are paged with Link headers, filtered by state, label and since', async () => {
  for (const number of [1, 2, 3]) {
    const labels = number === 2 ? ['odd one'] : [];
    await world.rest('dev', 'POST /repos/acme/widgets/issues', { title: `Issue ${number}`, labels }, 201);
  }
  const first = await world.rest('dev', 'GET /repos/acme/widgets/issues?per_page=2&state=all');
  assert.equal(first.body.length, 2);
  const link = first.headers.get('link') ?? '';
  assert.match(link, /<[^>]*page=2>; rel="next", <[^>]*page=2>; rel="last"/);
  const next = /<([^>]*)>; rel="next"/.exec(link)?.[1]?.slice(world.forge.apiURL.length) ?? '';
  const second = await world.rest('dev', `GET ${next}`);
  assert.deepEqual([second.body.length, second.headers.get('link')?.includes('rel="first"')], [1, true]);
  const labelled = await world.rest('dev', 'GET /repos/acme/widgets/issues?labels=odd%20one');
  assert.deepEqual(
    labelled.body.map((issue: { title: string }) => issue.title),
    ['Issue 2'],
  );
  assert.deepEqual((await world.rest('dev', 'GET /repos/acme/widgets/issues?since=2999-01-01T00:00:00Z')).body, []);
  await world.rest('dev', 'GET /repos/acme/widgets/issues?state=everything', undefined, 422);
});

test('an unchanged answer is 304 by its ETag and does not count against the rate limit', async () => {
  const get = 'GET /repos/acme/widgets/labels';
  const first = await world.rest('dev', get);
  const used = Number(first.headers.get('x-ratelimit-used'));
  const again = await world.rest('dev', get, undefined, 304, { 'if-none-match': first.headers.get('etag') });
  assert.equal(Number(again.headers.get('x-ratelimit-used')), used);
  const { body } = await world.rest('dev', 'GET /rate_limit');
  assert.equal(body.rate.limit, 5000);
});

test('bodies that are no JSON, do not fit or are too large are refused', async () => {
  const url = `${world.forge.apiURL}/repos/acme/widgets/issues`;
  const headers = { authorization: `token ${world.tokens.get('dev')}` };
  assert.equal((await fetch(url, { method: 'POST', headers, body: 'no JSON' })).status, 400);
  assert.equal((await fetch(url, { method: 'POST', headers, body: '{}' })).status, 422);
  assert.equal((await fetch(url, { method: 'POST', headers, body: 'x'.repeat(11 * 1024 * 1024) })).status, 413);
});

test('the admin API takes only the admin token, and the admin token opens nothing else', async () => {
  assert.equal((await world.admin('GET', '/requests', undefined, 'wrong-token-of-some-kind')).status, 401);
  await world.rest('admin-token-of-the-tests', 'GET /user', undefined, 401);
  const { body } = await world.admin('GET', '/requests');
  assert.ok(body.total > 0 && body.operations['GET /user'] > 0);
  assert.equal((await world.admin('POST', '/users', { login: '../x' })).status, 422);
  assert.equal((await world.admin('POST', '/repositories', { owner: 'acme', name: '..' })).status, 422);
  const again = await world.admin('POST', '/users', { login: 'DEV' });
  assert.deepEqual([again.status, again.body.login, again.body.token], [200, 'dev', undefined]);
});

test('a source that cannot be imported leaves no repository', async () => {
  const wanted = { owner: 'acme', name: 'broken', source: { path: '/nonexistent' } };
  const { status, body } = await world.admin('POST', '/repositories', wanted);
  assert.equal(status, 422);
  assert.match(body.message, /cannot be imported/);
  await world.rest('boss', 'GET /repos/acme/broken', undefined, 404);
});

test('only loopback is listened on and a short admin token is refused', async () => {
  const options = { dataDir: `${world.dir}/other`, adminToken: 'a'.repeat(16) };
  await assert.rejects(startForge({ ...options, host: '0.0.0.0' }), { code: 'BadOptions' });
  await assert.rejects(startForge({ ...options, adminToken: 'short' }), { code: 'BadOptions' });
});

test('pages of public repositories are shown escaped under the own host name only', async () => {
  await world.admin('POST', '/repositories', { owner: 'acme', name: 'open', private: false });
  const title = '<script>alert(1)</script>';
  const { body: issue } = await world.rest('dev', 'POST /repos/acme/open/issues', { title, body: '<b>' }, 201);
  const html = await (await fetch(issue.html_url)).text();
  assert.ok(html.includes('&lt;script&gt;alert(1)') && !html.includes('<script>'));
  const { port } = new URL(issue.html_url);
  const status = await new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path: new URL(issue.html_url).pathname,
      headers: { host: 'evil.example' },
    };
    request(options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
  assert.equal(status, 404);
  assert.equal((await fetch(`${world.forge.url}/acme/widgets/issues/1`)).status, 404);
});
