import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fileLife, repositoryReady, type TestConductor, testConductor } from './conductor.int-kit.ts';
import { applyTenant } from './objects.int-kit.ts';
import { openapi } from './openapi.ts';
import { claimedIssue, endTask, READER, type TestApi, type TestTask, testApi } from './task.int-kit.ts';

let rig: TestConductor;
let api: TestApi;
let task: TestTask;
let other: TestTask;
let proxyToken: string;

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  api = await testApi(rig);
  task = await claimedIssue(api, 'mine');
  other = await claimedIssue(api, 'other');
  proxyToken = await api.tokens.sign(task.identity, 'rig-proxy', Date.now() + 60_000);
});

const routes = (of: TestTask): [method: string, path: string, body?: unknown][] => [
  ['GET', of.path],
  ['POST', `${of.path}/heartbeat`, {}],
  [
    'POST',
    `${of.path}/events`,
    { events: [{ id: 'g', type: 'GUARD_BLOCKED', data: { command: 'sudo', rule: 'sudo' } }] },
  ],
  ['POST', `${of.path}/pull-request`, { title: 'x', what: '', why: '', proof: '', risk: '' }],
  ['POST', `${of.path}/comments`, { key: 'k', target: 'issue', body: 'x' }],
  ['POST', `${of.path}/verdict`, { verdict: 'approve', body: 'x', comments: [] }],
  ['POST', `${of.path}/threads`, { resolve: [], reopen: [] }],
  ['GET', `${of.path}/git/info/refs?service=git-upload-pack`],
  ['GET', `${of.path}/git/info/refs?service=git-receive-pack`],
  ['POST', `${of.path}/git/git-upload-pack`, {}],
  ['POST', `${of.path}/git/git-receive-pack`, {}],
];
const READ = ['issues', 'queue', 'agents', 'events'];

async function ask(method: string, path: string, token: string | null, body?: unknown) {
  const answer = await api.app.request(path, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {};
  return { status: answer.status, reason: json.reason, text, type: answer.headers.get('content-type') };
}

test('every task route refuses a call without token, with a reader’s, the proxy’s and another task’s', async () => {
  for (const [method, path, body] of routes(task)) {
    const where = `${method} ${path}`;
    assert.equal((await ask(method, path, null, body)).status, 401, `${where} without token`);
    assert.equal((await ask(method, path, READER, body)).status, 401, `${where} with the reader token`);
    assert.equal((await ask(method, path, proxyToken, body)).status, 401, `${where} with the proxy’s token`);
    assert.equal((await ask(method, path, other.token, body)).status, 403, `${where} with another task’s token`);
  }
});

test('the fence is told to conductor and proxy tokens of the task alone', async () => {
  const path = `${task.path}/fence`;
  for (const token of [task.token, proxyToken])
    assert.deepEqual(JSON.parse((await ask('GET', path, token)).text), { live: true, fence: task.identity.fence });
  assert.equal((await ask('GET', path, other.token)).status, 403);
  assert.equal((await ask('GET', path, READER)).status, 401);
});

test('every reader route takes the reader token and no task’s', async () => {
  for (const route of READ) {
    const path = `/v1/namespaces/${rig.namespace}/${route}`;
    assert.equal((await ask('GET', path, READER)).status, 200, route);
    assert.equal((await ask('GET', path, null)).status, 401, route);
    assert.equal((await ask('GET', path, task.token)).status, 401, route);
    assert.equal((await ask('GET', path, `${READER}x`)).status, 401, route);
  }
});

test('what needs no token: health, readiness, keys and the description', async () => {
  for (const path of ['/healthz', '/readyz', '/v1/jwks', '/openapi.json'])
    assert.equal((await ask('GET', path, null)).status, 200, path);
});

test('an unknown path is a problem document that names the description', async () => {
  const { status, reason, type, text } = await ask('GET', '/v2/nothing', null);
  assert.deepEqual([status, reason, type], [404, 'NoRoute', 'application/problem+json']);
  assert.match(text, /There is no GET \/v2\/nothing; \/openapi\.json lists what there is\./);
});

test('a body that is no JSON is 400, one that does not fit 422 with its path, one too large 413', async () => {
  for (const [, path, body] of routes(task).filter((one) => one[2] !== undefined && !/heartbeat|git/.test(one[1]))) {
    assert.equal((await ask('POST', path, task.token, '{')).status, 400, path);
    const wrong = await ask('POST', path, task.token, { ...(body as object), [Object.keys(body as object)[0]!]: 7 });
    assert.equal(wrong.status, 422, path);
    assert.match(wrong.text, /The body does not fit: \//, path);
  }
  const large = await ask('POST', `${task.path}/comments`, task.token, 'x'.repeat(4 * 1024 * 1024 + 1));
  assert.deepEqual([large.status, large.reason], [413, 'BodyTooLarge']);
});

test('a dead fence is 409 DeadFence on every task route, and the heartbeat asks to stop', async () => {
  const dying = await claimedIssue(api, 'dying');
  const beat = async () => JSON.parse((await ask('POST', `${dying.path}/heartbeat`, dying.token, {})).text);
  assert.equal((await beat()).cancel, false);
  await endTask(api, dying);
  assert.equal((await beat()).cancel, true);
  for (const [method, path, body] of routes(dying).filter(([, path]) => !path.endsWith('heartbeat'))) {
    const { status, text } = await ask(method, path, dying.token, body);
    assert.equal(status, 409, `${method} ${path}: ${text}`);
    assert.match(text, /no longer holds its claim; stop/);
  }
  const fence = await ask('GET', `${dying.path}/fence`, dying.token);
  assert.deepEqual(JSON.parse(fence.text), { live: false, fence: dying.identity.fence });
});

test('a token with an older fence of the same task name is 409 everywhere, the heartbeat included', async () => {
  const older = { ...task.identity, fence: '0.1' };
  const token = await api.tokens.sign(older, 'rig-conductor', Date.now() + 60_000);
  for (const [method, path, body] of routes(task)) {
    const { status, text } = await ask(method, path, token, body);
    assert.equal(status, 409, `${method} ${path}: ${text}`);
  }
});

test('a token for an object of the same name that was made again is 409', async () => {
  const token = await api.tokens.sign({ ...task.identity, uid: 'another' }, 'rig-conductor', Date.now() + 60_000);
  assert.deepEqual((await ask('GET', task.path, token)).status, 409);
});

test('the description lists every route of the app, and the app serves every route of the description', () => {
  const named = (path: string) => path.replace(/:(\w+)/g, '{$1}');
  const served = api.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${named(path)}`);
  const { paths } = openapi() as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const undescribed = served.filter((route) => !described.includes(route) && route !== 'GET /openapi.json');
  assert.deepEqual(undescribed, []);
  assert.deepEqual(
    described.filter((route) => !served.includes(route)),
    [],
  );
});
