import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { pino } from 'pino';
import type { NextAssignment } from '#lib/conductor';
import { JOBS, SECRETS } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant } from '../api/objects.int-kit.ts';
import { claimedIssue, type TestApi, testApi } from '../api/task.int-kit.ts';
import { IssueController } from '../issues/controller.ts';
import { TaskController } from '../tasks/controller.ts';
import { Offers } from './offers.ts';
import { applyPullAgent, clientSecret, PullClient, queueIssue } from './pull.int-kit.ts';
import { type Waiter, Waiting } from './waiting.ts';

const TOKEN = 'the-client-credential-of-the-tests-0123456789';
const OTHER = 'another-client-credential-of-the-tests-01234';
const CLIENTS = 12;
const log: string[] = [];
let rig: TestConductor;
let api: TestApi;
let names = 0;

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  api = await testApi(rig, pino({ level: 'trace' }, { write: (line: string) => log.push(line) }));
});

/** An Agent of its own, so that tests do not take each other's work. */
async function agentOf(concurrency = 20) {
  const agent = await applyPullAgent(rig, `puller-${++names}`, `${TOKEN}-${names}`, { concurrency });
  return { agent, client: new PullClient(api, agent) };
}

/** Makes the AgentTask of what was claimed, and its status, as the leader does. */
async function leading(t: { after(fn: () => unknown): void }) {
  const urls = { conductorUrl: 'http://127.0.0.1:1', proxyUrl: 'http://127.0.0.1:2', egressUrl: 'http://127.0.0.1:3' };
  const tasks = new TaskController(rig.conductor, urls, silentLogger);
  const issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await Promise.all([issues.controller.start(), tasks.controller.start()]);
  t.after(() => Promise.all([issues.controller.stop({ graceMs: 0 }), tasks.controller.stop({ graceMs: 0 })]));
  return { issues, tasks };
}

test('nobody gets an assignment without the credential of that very Agent, and all are refused in one sentence', async () => {
  const { agent } = await agentOf();
  const { agent: other } = await agentOf();
  const refused = [
    new PullClient(api, { ...agent, token: `${agent.token}x` }),
    new PullClient(api, { ...agent, token: other.token }),
    new PullClient(api, { name: 'dev-e', token: agent.token }),
    new PullClient(api, { name: 'nobody', token: agent.token }),
  ];
  const answers = await Promise.all(refused.map((client) => client.next()));
  assert.deepEqual(
    [...new Set(answers.map(({ status, body }) => `${status} ${body.reason}`))],
    ['401 ClientCredentialInvalid'],
  );
  assert.equal(new Set(answers.map(({ body }) => body.detail)).size, 1);
  const bare = await api.app.request(`/v1/namespaces/${rig.namespace}/assignments/next?agentId=${agent.name}`);
  assert.equal(bare.status, 401);
  assert.equal((await new PullClient(api, agent).next()).status, 204);
});

test('a new credential is taken at once, and the old one is refused after ten seconds at most', async () => {
  const clock = { ms: Date.now() };
  const timed = await testApi({ ...rig, conductor: { ...rig.conductor, now: () => clock.ms } });
  const { agent } = await agentOf();
  const [old, renewed] = [new PullClient(timed, agent), new PullClient(timed, { ...agent, token: OTHER })];
  assert.equal((await old.next()).status, 204);
  const secret = await rig.client.get(SECRETS, { namespace: rig.namespace, name: `client-${agent.name}` });
  await rig.client.replace(SECRETS, { ...clientSecret(rig.namespace, agent.name, OTHER), metadata: secret.metadata });
  clock.ms += 1_000;
  assert.equal((await renewed.next()).status, 204);
  assert.equal((await old.next()).status, 401);
  clock.ms += 10_000;
  assert.equal((await old.next()).status, 401);
});

for (const [what, secret] of [
  ['is of another Agent', (name: string) => clientSecret('tenant-a', name, TOKEN, 'somebody')],
  ['is shorter than 32 characters', (name: string) => clientSecret('tenant-a', name, 'short')],
] as const)
  test(`a Secret that ${what} lets nobody in`, async () => {
    const { agent } = await agentOf();
    const { metadata } = await rig.client.get(SECRETS, { namespace: rig.namespace, name: `client-${agent.name}` });
    const bad = secret(agent.name);
    const { resourceVersion } = metadata;
    await rig.client.replace(SECRETS, { ...bad, metadata: { ...bad.metadata, resourceVersion } } as never);
    const token = Buffer.from((bad as never as { data: { token: string } }).data.token, 'base64').toString();
    assert.equal((await new PullClient(api, { ...agent, token }).next()).status, 401);
  });

test('asking again before it is started answers the same assignment, also from thirty clients at once and after a restart', async () => {
  const { agent, client } = await agentOf();
  await queueIssue(rig, 'same-1', [agent.uid]);
  await queueIssue(rig, 'same-2', [agent.uid]);
  const answers = await Promise.all(Array.from({ length: 30 }, () => client.next()));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(
    [...new Set(answers.map(({ body }) => body.path))],
    [`/v1/namespaces/${rig.namespace}/tasks/same-1-implement-1-1`],
  );
  const restarted = await testConductor(fileLife, { after: rig });
  restarted.manager.start();
  await until('the restarted one has seen the Agent', () =>
    restarted.conductor.objects.agents.get(rig.namespace, agent.name),
  );
  const again = await new PullClient(await testApi(restarted), agent).next();
  assert.deepEqual(again.body, answers[0]!.body);
});

test('an Agent is given no more than its concurrency, none while suspended, and what it was given all the same', async () => {
  const { agent, client } = await agentOf(1);
  await queueIssue(rig, 'full-1', [agent.uid]);
  await queueIssue(rig, 'full-2', [agent.uid]);
  const first = await client.next();
  await rig.db.pool.query('UPDATE tasks SET started_at = now() WHERE name = $1', [first.body.task.name]);
  assert.equal((await client.next()).status, 204);
  await rig.db.pool.query('UPDATE tasks SET started_at = NULL WHERE name = $1', [first.body.task.name]);
  assert.deepEqual((await client.next()).body, first.body);
});

test('clients that wait ask the database nothing, and one word of work wakes one of them', async (t) => {
  const { agent } = await agentOf();
  const waiting = new Waiting();
  const enter = waiting.enter.bind(waiting);
  let resting = 0;
  t.mock.method(waiting, 'enter', (uid: string): Waiter => {
    const waiter = enter(uid)!;
    const woken = (ms: number, signal: AbortSignal) => {
      resting += 1;
      return waiter.woken(ms, signal);
    };
    return { ...waiter, woken };
  });
  const client = new PullClient(await testApi({ ...rig, conductor: { ...rig.conductor, waiting } }), agent);
  const { pool } = rig.db;
  // What was appended before is told to other processes a moment later, over the same pool.
  await rig.store.idle();
  const connect = t.mock.method(pool, 'connect');
  const asked = Array.from({ length: CLIENTS }, () => client.next('&wait=60'));
  await until('each has looked once', () => resting === CLIENTS && pool.idleCount === pool.totalCount);
  assert.ok(connect.mock.callCount() < CLIENTS, 'who asks at once is answered at once');
  await queueIssue(rig, 'awaited', [agent.uid]);
  await rig.store.idle();
  connect.mock.resetCalls();
  waiting.wake([agent.uid]);
  const first = await Promise.race(asked);
  assert.deepEqual([first.status, first.body.task?.name], [200, 'awaited-implement-1-1']);
  // The claim, the row it made, the word to other processes: the other clients asked nothing, each of which would ask twice.
  assert.ok(connect.mock.callCount() < CLIENTS, `${connect.mock.callCount()}`);
  waiting.close();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(
    [statuses.filter((one) => one === 200).length, statuses.filter((one) => one === 204).length],
    [1, CLIENTS - 1],
  );
});

test('what another replica queued wakes a client by the look that a process takes for all of them', async () => {
  const { agent, client } = await agentOf();
  const answer = client.next('&wait=60');
  const offers = new Offers(rig.db.pool, rig.conductor.waiting, silentLogger);
  await until('it waits', () => rig.conductor.waiting.agents().includes(agent.uid));
  await queueIssue(rig, 'elsewhere', [agent.uid]);
  await offers.look();
  assert.equal((await answer).body.task.name, 'elsewhere-implement-1-1');
});

test('a client that went away while it waited claims nothing', async () => {
  const { agent, client } = await agentOf();
  const gone = new AbortController();
  const answer = client.next('&wait=60', gone.signal);
  await until('it waits', () => rig.conductor.waiting.agents().includes(agent.uid));
  gone.abort();
  await until('its place is free', () => !rig.conductor.waiting.agents().includes(agent.uid));
  await queueIssue(rig, 'unclaimed', [agent.uid]);
  rig.conductor.waiting.wake([agent.uid]);
  assert.equal((await answer).status, 204);
  const { rowCount } = await rig.db.pool.query('SELECT FROM tasks WHERE agent_uid = $1', [agent.uid]);
  assert.equal(rowCount, 0);
});

for (const wait of ['61', '-1', '1.5', 'x', '1e1', ''])
  test(`wait=${wait} is refused`, async () => {
    const { client } = await agentOf();
    const { status, body } = await client.next(`&wait=${wait}`);
    assert.deepEqual([status, body.reason], [400, 'BadWait']);
  });

test('the first client that exchanges has the task, may do so again, and nobody else; no Job is made and the status tells who', async (t) => {
  const { tasks } = await leading(t);
  const { agent, client } = await agentOf();
  await queueIssue(rig, 'taken', [agent.uid]);
  const { body: next } = await client.next();
  const object = await until('the AgentTask', () => rig.conductor.objects.tasks.get(rig.namespace, next.task.name));
  await until('it says that it waits for a client', () => /waits for a client/.test(readyOf(next)));
  const { agent: other } = await agentOf();
  assert.equal((await new PullClient(api, other).start(next, { client: 'thief' })).status, 401);
  for (const body of [{}, { client: '' }, { client: 'a b' }, { client: 'x'.repeat(64) }, { client: 7 }, []])
    assert.equal((await client.start(next, body)).status, 422);
  const started = await Promise.all(['one', 'two', 'three'].map((name) => client.start(next, { client: name })));
  const winner = ['one', 'two', 'three'][started.findIndex(({ status }) => status === 200)]!;
  assert.deepEqual(started.map(({ status }) => status).sort(), [200, 409, 409]);
  assert.equal((await client.start(next, { client: winner })).status, 200);
  const { tokens } = started.find(({ status }) => status === 200)!.body;
  for (const [service, token] of Object.entries(tokens)) {
    const identity = await api.tokens.verify(token, [`rig-${service}` as 'rig-proxy']);
    assert.deepEqual([identity.uid, identity.fence], [object.metadata.uid, next.task.fence]);
    const others = (['rig-conductor', 'rig-proxy', 'rig-egress'] as const).filter((one) => one !== `rig-${service}`);
    await assert.rejects(api.tokens.verify(token, others), { code: 'Unauthenticated' });
  }
  tasks.poke(rig.namespace, next.task.name);
  const status = await until('the status tells who took it', () => {
    const { status } = rig.conductor.objects.tasks.get(rig.namespace, next.task.name)!;
    return status?.phase === 'Running' && status.client !== undefined ? status : undefined;
  });
  assert.deepEqual([status.client, status.job], [winner, undefined]);
  assert.equal(await rig.client.find(JOBS, { namespace: rig.namespace, name: next.task.name }), undefined);
  assert.equal((await client.next()).status, 204, 'what was started is not offered again');
});

test('a task that a pod runs is no client’s, and one that ended is nobody’s', async () => {
  const { agent, client } = await agentOf();
  const push = await claimedIssue(api, 'pushed');
  assert.equal((await client.start(push, { client: 'mine' })).status, 401);
  await queueIssue(rig, 'over', [agent.uid]);
  const { body: next } = await client.next();
  await rig.db.pool.query(`UPDATE tasks SET ended_at = now(), ending = 'lost' WHERE name = $1`, [next.task.name]);
  const { status, body } = await client.start(next, { client: 'late' });
  assert.ok(status === 409 || status === 503, `${status} ${body.reason}`);
  assert.equal((await client.next()).status, 204);
});

test('no credential of a client is in a log line, an answer or an event', async () => {
  const { rows } = await rig.db.pool.query('SELECT data::text || meta::text AS text FROM events');
  for (const text of [...log, ...rows.map((row) => row.text)])
    assert.ok(!text.includes(TOKEN) && !text.includes(OTHER));
});

function readyOf({ task }: NextAssignment): string {
  const { status } = rig.conductor.objects.tasks.get(rig.namespace, task.name) ?? {};
  return status?.conditions?.map(({ message }) => message).join(' ') ?? '';
}
