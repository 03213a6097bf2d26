import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { applyPullAgent, queueIssue } from '../pull/pull.int-kit.ts';
import { Answers } from './answers.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from './conductor.int-kit.ts';
import { applyTenant } from './objects.int-kit.ts';
import { claimedIssue, READER, type TestApi, type TestTask, testApi } from './task.int-kit.ts';

const CREDENTIAL = 'the-client-credential-of-the-fuzzed-api-0123';
const answers = new Answers();
const failures: string[] = [];
let rig: TestConductor;
let api: TestApi;
let task: TestTask;

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  // The API server in memory reviews no token; a real one says of every other token that it is none of its own.
  Object.assign(rig.client, { tokenReview: async () => ({ authenticated: false }) });
  api = await testApi(rig, pino({ level: 'error' }, { write: (line: string) => failures.push(line) }));
  task = await claimedIssue(api, 'fuzzed');
  const agent = await applyPullAgent(rig, 'puller', CREDENTIAL);
  await queueIssue(rig, 'waiting', [agent.uid]);
});

/** Asks, and holds the answer against the document. */
async function ask(method: string, path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const answer = await api.app.request(path, { method, ...init });
  const text = await answer.text();
  const type = answer.headers.get('content-type');
  assert.equal(answers.fault(method, path, { status: answer.status, type, text }), null);
  for (const secret of [READER, CREDENTIAL, task.token])
    assert.ok(!text.includes(secret), 'a credential is in an answer');
  return { status: answer.status, text };
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('what each route answers is what the document says, asked as it is meant', async () => {
  const { namespace } = rig;
  const post = (token: string, body: unknown) => ({ ...bearer(token), body: JSON.stringify(body) });
  for (const path of ['/healthz', '/healthz/deep', '/readyz', '/v1/jwks'])
    assert.equal((await ask('GET', path)).status, 200);
  for (const route of ['issues', 'queue', 'agents', 'events?limit=3'])
    assert.equal((await ask('GET', `/v1/namespaces/${namespace}/${route}`, bearer(READER))).status, 200, route);
  const next = `/v1/namespaces/${namespace}/assignments/next?agentId=puller`;
  assert.equal((await ask('GET', next, bearer(CREDENTIAL))).status, 200);
  for (const route of ['', '/fence', '/git/info/refs?service=git-receive-pack'])
    assert.equal((await ask('GET', `${task.path}${route}`, bearer(task.token))).status, 200, route);
  const egress = await api.tokens.sign(task.identity, 'rig-egress', Date.now() + 60_000);
  assert.equal((await ask('GET', `${task.path}/egress`, bearer(egress))).status, 200);
  assert.equal((await ask('POST', `${task.path}/heartbeat`, post(task.token, {}))).status, 200);
  const started = { events: [{ id: 's', type: 'WORK_STARTED', data: { model: 'm' } }] };
  assert.equal((await ask('POST', `${task.path}/events`, post(task.token, started))).status, 200);
  const comment = { key: 'k', target: 'issue', body: 'Hello.' };
  assert.equal((await ask('POST', `${task.path}/comments`, post(task.token, comment))).status, 200);
  assert.equal((await ask('POST', '/webhooks/github', { body: '{}' })).status, 202);
});

const name = fc.oneof(
  fc.constantFrom(
    'tenant-a',
    'fuzzed-implement-1-1',
    '..',
    '.',
    '%2e%2e',
    '%00',
    '%',
    'a%2Fb',
    "'; DROP TABLE tasks;--",
    '\u202e',
    '{}',
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 80 }),
);
const json = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc.constantFrom(
    '',
    '{',
    'null',
    '[]',
    '"\\ud800"',
    `${'['.repeat(20_000)}`,
    `{"a":${'1'.repeat(5_000)}}`,
    '{"__proto__":{"x":1}}',
  ),
);
const bytes = fc.oneof(
  json.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 400 }).map((raw) => Buffer.from(raw)),
);
const credential = fc.oneof(fc.constantFrom('task', 'reader', 'client', 'none'), fc.string({ maxLength: 200 }));
const query = fc.dictionary(
  fc.constantFrom('agentId', 'wait', 'state', 'after', 'limit', 'issue', 'stream', 'service'),
  fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom('0', '1', '-1', '1e9', 'NaN', '\0', 'puller')),
);

function tokenOf(given: string): string | undefined {
  const known: Record<string, string | undefined> = {
    task: task.token,
    reader: READER,
    client: CREDENTIAL,
    none: undefined,
  };
  return given in known ? known[given] : given;
}

/** As a client may write it: encoded, or as it is. */
function pathOf(template: string, ns: string, one: string, asked: Record<string, string>, raw: boolean): string | null {
  const put = (text: string) => (raw ? text : encodeURIComponent(text.toWellFormed()));
  const path = template.replace('{ns}', () => put(ns)).replace('{name}', () => put(one));
  const url = URL.parse(`${path}?${new URLSearchParams(asked)}`, 'http://conductor');
  return url === null || url.host !== 'conductor' ? null : url.pathname + url.search;
}

const routes = answers.routes();

/** What PostgreSQL takes for no text, in a name and in a query. */
const nul = (route: number, ns: string) => ({
  route,
  ns,
  one: 'fuzzed-implement-1-1',
  given: 'reader',
  asked: { issue: '\0' },
  raw: false,
  body: Buffer.alloc(0),
});

test('whatever names, queries, credentials and bodies say, the answer is one that the document has, and nothing fails inside', async () => {
  const whole = fc.record({
    route: fc.nat({ max: routes.length - 1 }),
    ns: fc.oneof({ weight: 3, arbitrary: fc.constant('tenant-a') }, { weight: 1, arbitrary: name }),
    one: fc.oneof({ weight: 2, arbitrary: fc.constant('fuzzed-implement-1-1') }, { weight: 1, arbitrary: name }),
    given: credential,
    asked: query,
    raw: fc.boolean(),
    body: bytes,
  });
  await fc.assert(
    fc.asyncProperty(whole, async ({ route, ns, one, given, asked, raw, body }) => {
      const { method, path: template } = routes[route]!;
      const path = pathOf(template, ns, one, { ...asked, wait: '0' }, raw);
      fc.pre(path !== null);
      const token = tokenOf(given);
      const headers = new Headers();
      if (token !== undefined && /^[\x20-\x7e]*$/.test(token)) headers.set('authorization', `Bearer ${token}`);
      const sent = method === 'POST' ? { body: new Uint8Array(body) } : {};
      const { status, text } = await ask(method, path, { headers, ...sent });
      assert.ok(status < 500 || status === 502 || status === 503, `${method} ${path}: ${status} ${text}`);
    }),
    {
      numRuns: 400,
      examples: [
        [
          nul(
            routes.findIndex(({ path }) => path.endsWith('/token')),
            '\0',
          ),
        ],
        [
          nul(
            routes.findIndex(({ path }) => path.endsWith('/events') && !path.includes('tasks')),
            'tenant-a',
          ),
        ],
      ],
    },
  );
  assert.deepEqual(failures, []);
  assert.ok(answers.met.size > 30, `${answers.met.size}`);
});

test('bodies that nest deeply, repeat keys or are long are refused or taken in bounded memory', async () => {
  const before = process.memoryUsage().rss;
  const large = [
    '['.repeat(2_000_000),
    `{${'"a":1,'.repeat(400_000)}"b":1}`,
    `"${'x'.repeat(4_000_000)}"`,
    'x'.repeat(5_000_000),
  ];
  for (const body of large)
    for (const route of ['events', 'comments', 'verdict', 'threads', 'pull-request', 'token']) {
      const { status } = await ask('POST', `${task.path}/${route}`, { ...bearer(task.token), body });
      assert.ok([400, 401, 403, 413, 422].includes(status), `${route}: ${status}`);
    }
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 300, `${grown} MiB`);
});
