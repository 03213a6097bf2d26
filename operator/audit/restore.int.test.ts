import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import type { Issue } from '#crds';
import { type DomainEvent, decideWish, type IssueState, parseFence } from '#domain';
import { ensureSubject, isEventsError } from '#lib/events';
import { JOBS, type KubeClient, realClock } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { World } from '../../local/forge/testing/world.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { testApi } from '../api/task.int-kit.ts';
import { IssueController } from '../issues/controller.ts';
import { wishOf } from '../issues/wish.ts';
import { AGENT_TASKS, ISSUES, REPOSITORIES } from '../objects.ts';
import { enqueue } from '../store/queue.ts';
import { claimNext } from '../store/take.ts';
import { NO_EPOCH } from './guard.ts';
import { MarkKeeper } from './mark.ts';
import { readLostSince, readPosition } from './position.ts';
import { MarkRecord } from './record.ts';
import { type Recovered, recover } from './recover.ts';
import { type Restorable, restorable } from './restore.int-kit.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const namespace = 'tenant-a';
const client = new FakeClient(realClock) as unknown as KubeClient;
const record = new MarkRecord(client, 'rig-system');
let world: World;
let database: Restorable;

/** A conductor's process: what it remembers is its own, database, forge and cluster are those of all. */
interface Process extends TestConductor {
  readonly mark: MarkKeeper;
  end(): Promise<void>;
}

async function begin(t?: TestContext): Promise<Process> {
  const { pool, url } = database;
  const [position, lostSince] = [() => readPosition(pool), (stood: number) => readLostSince(pool, stood)];
  const mark = new MarkKeeper({ record, position, lostSince, now: Date.now, logger: silentLogger });
  const after = { world, client, namespace, db: { pool, url } } as unknown as TestConductor;
  await mark.lead(new AbortController().signal);
  const rig = await testConductor(fileLife, { after, mark });
  if (mark.behind() !== null) rig.conductor.leader.epoch = NO_EPOCH;
  rig.manager.start();
  const issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await until('the caches are filled', () => rig.manager.ready().waitingFor.every((why) => !why.includes('cache')));
  await issues.controller.start();
  let ended: Promise<void> | undefined;
  const stop = async () => {
    await issues.controller.stop({ graceMs: 2_000 });
    await issues.idle();
    await rig.stop();
    await rig.store.idle();
  };
  const end = () => (ended ??= stop());
  t?.after(end);
  return { ...rig, mark, end };
}

const fenceOf = ({ epoch, fence }: { epoch: number; fence: number }) => `${epoch}.${fence}`;
const issueOf = (name: string) => client.get(ISSUES, { namespace, name });
const tasksOf = async () => (await client.list(AGENT_TASKS, { namespace })).items;
const taskOf = (name: string) => tasksOf().then((all) => all.find(({ metadata }) => metadata.name === name));

async function subjectOf({ db }: TestConductor, name: string) {
  const { uid } = (await issueOf(name)).metadata;
  return (await ensureSubject(db.pool, { kind: 'Issue', namespace, name, uid: uid! })).subject;
}

async function stateOf(rig: TestConductor, name: string): Promise<IssueState> {
  return rig.conductor.log.load(await subjectOf(rig, name));
}

async function pulls(): Promise<{ number: number; state: string; head: { ref: string } }[]> {
  return (await world.rest('boss', 'GET /repos/acme/widgets/pulls?state=all&per_page=100')).body;
}

/** What the conductor writes for the work of an agent: a head, a pull request through the table of effects, a comment. */
async function deliver(rig: Process, name: string, content: string): Promise<number> {
  const { conductor } = rig;
  const subject = await subjectOf(rig, name);
  const { work } = await conductor.log.load(subject);
  const { branch, attempt, fence } = work!;
  const headSHA = await world.branch(branch, content);
  const pull = await writePull(rig, subject.id, branch, headSHA);
  const events: DomainEvent[] = [
    { type: 'HEAD_FORWARDED', data: { branch, from: null, to: headSHA, fence, attempt } },
    { type: 'PR_CREATED', data: { number: pull.number, url: pull.url, headSHA, branch } },
  ];
  await conductor.log.append(subject, CAUSE, () => events);
  return pull.number;
}

async function writePull({ conductor }: TestConductor, subject: string, head: string, headSHA: string) {
  const repository = await client.get(REPOSITORIES, { namespace, name: 'widgets' });
  const { forge } = await conductor.forges.forRepository(repository);
  const target = { forge, repo: { owner: 'acme', name: 'widgets' }, subject };
  const pull = await conductor.writes.openPullRequest(target, { head, headSHA, base: 'main', title: head, body: '' });
  await conductor.writes.comment(target, pull.number, `note/${head}`, 'Look at this.');
  return pull;
}

/** What is known at the end of the lost time. */
interface Lost {
  readonly fences: readonly string[];
  readonly one: number;
  readonly two: number;
  readonly heads: ReadonlyMap<string, string>;
  readonly issues: number;
}
let lost: Lost;

async function forgeIssues(): Promise<number> {
  const { body } = await world.rest('boss', 'GET /repos/acme/widgets/issues?state=all&per_page=100');
  return body.filter((one: { pull_request?: object }) => one.pull_request === undefined).length;
}

before(async () => {
  world = await World.start({ webhookRetrySeconds: [] });
  fileLife.after(() => world.close());
  database = await restorable(fileLife);
  const rig = await begin();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
  await applyIssue(rig, 'one');
  await until('one is claimed', () => taskOf('one-implement-1-1'));
  await rig.mark.check();
  await rig.end();
  await database.backUp('old');
  lost = await work();
  await database.restore('old');
});

/** What goes on after the backup: a second issue is filed, claimed, delivered and merged, the first one delivered. */
async function work(): Promise<Lost> {
  const rig = await begin();
  await applyIssue(rig, 'two');
  await until('two is claimed', () => taskOf('two-implement-1-1'));
  const one = await deliver(rig, 'one', 'ONE\n');
  const two = await deliver(rig, 'two', 'TWO\n');
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'two-implement-1-1', namespace } };
  await client.create(JOBS, job);
  await world.rest('boss', `PUT /repos/acme/widgets/pulls/${two}/merge`, { merge_method: 'squash' });
  const heads = new Map(
    await Promise.all(
      ['one', 'two'].map(async (name) => [name, (await stateOf(rig, name)).pullRequest!.headSHA] as const),
    ),
  );
  await until('the status has the number', async () => (await issueOf('two')).status?.number);
  await record.update((mark) => ({ ...mark!, writtenAt: 0 }));
  await rig.mark.check();
  await rig.end();
  // Some of them were given after the mark was written.
  const fences = (await tasksOf()).map(({ spec }) => fenceOf(spec.claim));
  return { fences, one, two, heads, issues: await forgeIssues() };
}

/** As if the decision that it may be claimed had been taken just before. */
async function queueUp({ conductor, db }: Process, name: string): Promise<void> {
  const issue = await issueOf(name);
  const subject = await subjectOf({ db } as TestConductor, name);
  const { state } = await conductor.log.append(subject, CAUSE, (now) => decideWish(now, wishOf(issue)));
  const uid = conductor.objects.agents.get(namespace, 'dev-e')!.metadata.uid!;
  const place = { priority: 2, filedAt: 0, candidates: [uid], stack: null, message: 'It may be claimed.' };
  await enqueue(db.pool, { subject, version: state.version, ...place });
}

const events = async () => (await database.pool.query('SELECT count(*)::int AS n FROM events')).rows[0].n;

test('started on an older backup the conductor says why at every issue, and claims and writes nothing', async (t) => {
  const had = await events();
  const rig = await begin(t);
  assert.match(rig.mark.behind() ?? '', /older than what this conductor has already done/);
  await applyIssue(rig, 'three');
  for (const name of ['one', 'three']) {
    const issue: Issue = await until(`${name} says why`, async () => {
      const seen = await issueOf(name);
      return /older than what/.test(seen.status?.why ?? '') ? seen : undefined;
    });
    assert.equal(issue.status?.conditions?.find(({ type }) => type === 'Stalled')?.reason, 'DatabaseBehind');
  }
  await queueUp(rig, 'three');
  const agent = { name: 'dev-e', uid: rig.conductor.objects.agents.get(namespace, 'dev-e')!.metadata.uid! };
  await assert.rejects(
    claimNext(rig.conductor.log, { ...agent, concurrency: 9 }, rig.conductor.leader, CAUSE),
    (error) => isEventsError(error, 'StaleEpoch'),
  );
  const { app } = await testApi(rig);
  for (const route of ['tasks/one-implement-1-1/heartbeat', 'tasks/one-implement-1-1/fence', 'assignments/next']) {
    const answer = await app.request(`/v1/namespaces/${namespace}/${route}`, { method: 'POST' });
    assert.equal(answer.status, 503, route);
    assert.equal(((await answer.json()) as { reason: string }).reason, 'DatabaseBehind');
  }
  await rig.end();
  assert.equal(await events(), had + 1);
  assert.equal((await pulls()).length, 2);
});

test('a restart, and use of the old database, do not make it the new one', async (t) => {
  await database.pool.query('UPDATE leadership SET epoch = epoch + 10');
  const rig = await begin(t);
  assert.match(rig.mark.behind() ?? '', /older than what/);
  await rig.end();
});

let recovered: Recovered | null;

test('a recovery gives an epoch and fences that were never given, and tells every issue of it under the name of who asked', async (t) => {
  const rig = await begin(t);
  const { log, forges, mirror } = rig.conductor;
  const told: string[] = [];
  const options = { pool: database.pool, client, record, log, forges, mirror, by: 'ada', now: Date.now };
  recovered = await recover(options);
  await rig.mark.check();
  assert.match(rig.mark.behind() ?? '', /was recovered/);
  await rig.end();
  assert.deepEqual([...recovered!.issues].sort(), ['tenant-a/one', 'tenant-a/three', 'tenant-a/two']);
  assert.equal(recovered!.jobsEnded, 1);
  assert.ok(recovered!.nextFence > Math.max(...lost.fences.map((fence) => parseFence(fence)!.sequence)));
  const { rows } = await database.pool.query("SELECT meta->'actor' AS actor FROM events WHERE type = 'RECOVERED'");
  for (const { actor } of rows) told.push(`${actor.kind} ${actor.name}`);
  assert.deepEqual(told, ['person ada', 'person ada', 'person ada']);
  assert.equal(await recover(options), null);
});

test('after a recovery the work goes on: no fence again, no second pull request, nothing filed or merged twice', async (t) => {
  const rig = await begin(t);
  assert.equal(rig.mark.behind(), null);
  await until('two is done', async () => (await issueOf('two')).status?.phase === 'Done');
  await until('one is claimed anew', () => taskOf('one-implement-2-1'));
  await until('three is claimed', () => taskOf('three-implement-1-1'));
  const fresh = (await tasksOf()).filter(({ spec }) => !lost.fences.includes(fenceOf(spec.claim)));
  assert.deepEqual(fresh.map(({ metadata }) => metadata.name).sort(), ['one-implement-2-1', 'three-implement-1-1']);
  const newest = Math.max(...lost.fences.map((fence) => parseFence(fence)!.sequence));
  for (const { spec } of fresh) assert.ok(spec.claim.fence > newest, `${fenceOf(spec.claim)} after ${lost.fences}`);
  // The effects of the lost time are asked for again, and found.
  for (const [name, head] of lost.heads) await writePull(rig, (await subjectOf(rig, name)).id, `rig/${name}/1`, head);
  const shown = (await pulls()).filter(({ head }) => head.ref.endsWith('/1'));
  assert.deepEqual(shown.map(({ number }) => number).sort(), [lost.one, lost.two].sort());
  const { body: comments } = await world.rest('boss', `GET /repos/acme/widgets/issues/${lost.one}/comments`);
  assert.equal(comments.filter(({ body }: { body: string }) => body.includes('Look at this.')).length, 1);
  assert.equal(await forgeIssues(), lost.issues + 1);
  const { rows } = await database.pool.query("SELECT count(*)::int AS n FROM effects WHERE kind = 'merge'");
  assert.equal(rows[0].n, 0);
  await rig.end();
});

test('a second restore of the same backup is known again', async (t) => {
  await database.restore('old');
  const rig = await begin(t);
  assert.match(rig.mark.behind() ?? '', /older than what/);
  await rig.end();
});
