import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { listen } from '#lib/http';
import { until } from '../../test/kit/cluster-wait.ts';
import { ISSUES } from '../objects.ts';
import { enqueue } from '../store/queue.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from './conductor.int-kit.ts';
import { applyIssue, applyTenant } from './objects.int-kit.ts';
import { claimedIssue, READER, type TestApi, type TestTask, testApi } from './task.int-kit.ts';

let rig: TestConductor;
let api: TestApi;
let task: TestTask;
let url: string;
const headers = { authorization: `Bearer ${READER}` };

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  api = await testApi(rig);
  task = await claimedIssue(api, 'claimed');
  const listening = await listen(api.app);
  fileLife.after(() => listening.close(0));
  url = listening.url;
});

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
async function read(path: string, status = 200): Promise<any> {
  const answer = await api.app.request(`/v1/namespaces/${path}`, { headers });
  const body = await answer.json();
  assert.equal(answer.status, status, JSON.stringify(body));
  return body;
}

test('issues are listed by name, page by page, and by state', async () => {
  for (const name of ['page-c', 'page-a', 'page-b']) await applyIssue(rig, name);
  const done = await applyIssue(rig, 'page-done');
  await rig.client.applyStatus(ISSUES, { ...done, status: { phase: 'Done' } as never });
  const { objects } = rig.conductor;
  await until('Issues are seen', () => objects.issues.get(rig.namespace, 'page-done')?.status?.phase === 'Done');
  const names = (body: { issues: { name: string }[] }) => body.issues.map(({ name }) => name);
  const first = await read('tenant-a/issues?limit=2');
  assert.deepEqual([names(first), first.after], [['claimed', 'page-a'], 'page-a']);
  const rest = await read(`tenant-a/issues?limit=50&after=${first.after}`);
  assert.deepEqual([names(rest), rest.after], [['page-b', 'page-c', 'page-done'], null]);
  assert.deepEqual(names(await read('tenant-a/issues?state=closed')), ['page-done']);
  assert.deepEqual(names(await read('tenant-a/issues?state=Done')), ['page-done']);
  assert.equal(names(await read('tenant-a/issues?state=open')).length, 4);
  assert.deepEqual(names(await read('tenant-b/issues')), []);
  for (const limit of ['0', '-3', 'all', '1.5'])
    assert.ok(names(await read(`tenant-a/issues?limit=${limit}`)).length > 0);
  assert.equal((await read('tenant-a/issues?state=nonsense', 400)).reason, 'BadState');
});

test('the queue is listed in the order in which it is served', async () => {
  const entry = { version: 1, filedAt: 1_000, candidates: ['uid'], stack: null, message: 'It waits.' };
  const subject = (id: number, name: string) => ({
    id: `00000000-0000-7000-8000-00000000000${id}`,
    namespace: 'tenant-a',
    name,
  });
  await enqueue(rig.db.pool, { ...entry, subject: subject(1, 'normal'), priority: 2 });
  await enqueue(rig.db.pool, { ...entry, subject: subject(2, 'critical'), priority: 0 });
  const { queue } = await read('tenant-a/queue');
  assert.deepEqual(
    queue.map((one: { issue: string }) => one.issue),
    ['critical', 'normal'],
  );
  assert.equal(queue[0].filedAt, '1970-01-01T00:00:01.000Z');
  assert.deepEqual((await read('tenant-b/queue')).queue, []);
});

test('Agents are listed with what they run', async () => {
  const { agents } = await read('tenant-a/agents');
  const of = (name: string) => agents.find((one: { name: string }) => one.name === name);
  assert.deepEqual([of('dev-e').running, of('review-e').running, of('dev-e').model], [1, 0, 'a-model']);
});

test('history is read in pages that meet, of everything and of one issue', async () => {
  const whole = await read('tenant-a/events?issue=claimed');
  const types = whole.events.map((event: { type: string }) => event.type);
  assert.deepEqual(types, ['ISSUE_FILED', 'ISSUE_CLASSIFIED', 'ISSUE_ASSIGNED', 'TASK_DISPATCHED']);
  const found: string[] = [];
  for (let after = ''; ; ) {
    const page = await read(`tenant-a/events?issue=claimed&limit=1&after=${after}`);
    if (page.events.length === 0) break;
    found.push(...page.events.map((event: { type: string }) => event.type));
    after = page.after;
  }
  assert.deepEqual(found, types);
  assert.deepEqual((await read(`tenant-a/events?stream=${task.subject.id}`)).events, whole.events);
  assert.deepEqual((await read('tenant-b/events')).events, []);
  assert.deepEqual((await read(`tenant-b/events?stream=${task.subject.id}`)).events, []);
});

test('a cursor, stream or limit that is none is refused or bounded, never a failure', async () => {
  for (const after of ['x', '1', '-1.2', '99999999999999999999.1', "1.1';--"])
    assert.equal((await read(`tenant-a/events?after=${encodeURIComponent(after)}`, 400)).reason, 'BadCursor');
  assert.equal((await read(`tenant-a/events?stream=${'-'.repeat(36)}`, 400)).reason, 'BadStream');
  assert.equal((await read('tenant-a/events?issue=never', 404)).reason, 'IssueMissing');
  for (const limit of ['-5', '0', '1e9', 'x', '2.5'])
    assert.ok((await read(`tenant-a/events?limit=${limit}`)).events.length > 0, limit);
});

/** Server-sent events, as text blocks, until `enough`. */
async function follow(path: string, enough: (blocks: string[]) => boolean, extra: Record<string, string> = {}) {
  const stop = new AbortController();
  const answer = await fetch(`${url}/v1/namespaces/${path}`, {
    headers: { ...headers, accept: 'text/event-stream', ...extra },
    signal: stop.signal,
  });
  assert.match(answer.headers.get('content-type') ?? '', /text\/event-stream/);
  let text = '';
  const blocks = () => text.split('\n\n').slice(0, -1);
  for await (const chunk of answer.body!) {
    text += Buffer.from(chunk).toString();
    if (enough(blocks())) break;
  }
  stop.abort();
  return blocks();
}
const typeOf = (block: string) => /^event: (.*)$/m.exec(block)?.[1];
const idOf = (block: string) => /^id: (.*)$/m.exec(block)![1]!;

test('the live stream goes on with what is appended, and resumes behind Last-Event-ID without gap or repeat', async () => {
  const path = 'tenant-a/events?issue=claimed';
  const past = await follow(path, (blocks) => blocks.length >= 4);
  assert.equal(past.length, 4);
  const resumed = follow(path, (blocks) => blocks.length >= 3, { 'last-event-id': idOf(past[1]!) });
  await rig.conductor.log.append(task.subject, { actor: { kind: 'controller', name: 'test' } }, () => [
    { type: 'REVIEW_LOOP_EXCEEDED', data: { rounds: 3 } },
  ]);
  assert.deepEqual((await resumed).map(typeOf), ['ISSUE_ASSIGNED', 'TASK_DISPATCHED', 'REVIEW_LOOP_EXCEEDED']);
  const live = follow('tenant-a/events', (blocks) => blocks.some((block) => block.includes('"rounds":4')));
  await rig.conductor.log.append(task.subject, { actor: { kind: 'controller', name: 'test' } }, () => [
    { type: 'REVIEW_LOOP_EXCEEDED', data: { rounds: 4 } },
  ]);
  const ids = (await live).map(idOf);
  assert.equal(new Set(ids).size, ids.length);
});

test('a stream whose later version has an earlier place in the log is paged whole', async () => {
  const stream = '00000000-0000-7000-8000-0000000000aa';
  await rig.db.pool.query(
    `INSERT INTO subjects (id, kind, namespace, name, uid) VALUES ($1, 'Issue', 'tenant-a', 'inverted', 'u')`,
    [stream],
  );
  await rig.db.pool.query(
    `INSERT INTO events (stream, version, type, schema, data, meta, txid) VALUES
     ($1, 1, 'ISSUE_DONE', 1, '{"message":"1"}', '{}', '12'), ($1, 2, 'ISSUE_DONE', 1, '{"message":"2"}', '{}', '11')`,
    [stream],
  );
  const first = await read('tenant-a/events?issue=inverted&limit=1');
  const second = await read(`tenant-a/events?issue=inverted&limit=1&after=${first.after}`);
  assert.deepEqual([first.events[0].version, second.events[0]?.version], [1, 2]);
});

test('an event whose stream was exported while it was read, or has no subject, is nobody’s, and hides no other', async () => {
  await rig.db.pool.query(
    `INSERT INTO events (stream, version, type, schema, data, meta) VALUES (gen_random_uuid(), 1, 'ISSUE_DONE', 1, '{"message":"x"}', '{}')`,
  );
  const { events } = await read('tenant-a/events?limit=1000');
  assert.ok(events.length > 0);
  assert.ok(events.every(({ data }: { data: { message?: string } }) => data.message !== 'x'));
});
