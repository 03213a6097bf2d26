import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import type { Issue } from '#crds';
import type { DomainEvent } from '#domain';
import { parseDelivery } from '#lib/forge';
import { JOBS, type KubeObject, type Resource } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { clusterLife } from '../../test/kit/cluster.ts';
import { testKubelet } from '../../test/kit/cluster-kubelet.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { kstatusOf } from '../../test/kit/kstatus.ts';
import { assignmentOf } from '../api/assignment.ts';
import { agentsReady, clusterConductor, StatusWatch } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { applyToMirror } from '../intake/mirror.ts';
import { IssueController } from '../issues/controller.ts';
import { repositoryKey } from '../issues/world.ts';
import { AGENTS, ISSUES, type Job, REPOSITORIES } from '../objects.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
const AT = '/repos/acme/widgets/deployments';
const jobs = JOBS as Resource<Job>;
/** It has no credential of the cluster, and the page has to answer well. */
const PROBE = `test ! -e /var/run/secrets/kubernetes.io && node -e "fetch(process.env.RIG_URL).then((r) => process.exit(r.ok ? 0 : 7))"`;

let first: TestConductor;
let page: Page;

before(async () => {
  first = await clusterConductor();
  page = await servePage();
  const node = `checks-${randomBytes(3).toString('hex')}`;
  const path = [dirname(process.execPath)];
  await testKubelet(clusterLife, node, { 'checks:*': { directory: '/', path, readable: path } });
  first.manager.start();
  await applyTenant(first, {
    deploy: { kind: 'deployments', onFailure: 'reopen', timeoutMinutes: 60 },
    verify: { smoke: PROBE, e2e: 'test "$RIG_REVISION" != ""', image: 'checks:1', timeoutMinutes: 5 },
  } as never);
  await repositoryReady(first);
  const place = {
    nodeSelector: { 'kubernetes.io/hostname': node },
    tolerations: [{ key: 'rig.dashecorp.com/host-process', operator: 'Exists' }],
  };
  await first.client.patch(AGENTS, ref('dev-e'), { spec: place });
  await agentsReady(first);
});

/** The page that was deployed. It answers with the statuses of `first`, one each, then with `status`; 0 is no answer at all. */
interface Page {
  url: string;
  first: number[];
  status: number;
}

async function servePage(): Promise<Page> {
  const served: Page = { url: '', first: [], status: 200 };
  const server = createServer((_, response) => {
    const status = served.first.shift() ?? served.status;
    if (status > 0) response.writeHead(status).end('A page.');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  clusterLife.after(() => {
    server.closeAllConnections();
    server.close();
  });
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return served;
}

const ref = (name: string) => ({ namespace: first.namespace, name });

/** Runs the issue controller as a process would, until the test ends. */
async function run(t: TestContext): Promise<TestConductor & { issues: IssueController; end(): Promise<void> }> {
  const policy = { checkBackoff: 50, deployInterval: 500, rollbackSettle: 100, deployRetry: 100 };
  const rig = await testConductor(clusterLife, { after: first, policy });
  const issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  rig.manager.start();
  await issues.controller.start();
  const end = async () => {
    await issues.controller.stop({ graceMs: 100 });
    await rig.stop();
  };
  t.after(end);
  return { ...rig, issues, end };
}
type Rig = Awaited<ReturnType<typeof run>>;

async function events(name: string): Promise<{ type: string; data: Record<string, string> }[]> {
  const { rows } = await first.db.pool.query(
    `SELECT type, data FROM events JOIN subjects s ON s.id = stream WHERE s.name = $1 ORDER BY version`,
    [name],
  );
  return rows;
}
const types = async (name: string) => (await events(name)).map(({ type }) => type);

async function append(rig: Rig, name: string, added: DomainEvent[]): Promise<void> {
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE name = $1', [name]);
  await rig.conductor.log.append(rows[0], CAUSE, () => added);
}

/** An issue whose change is merged as a commit of main, and closed at the forge by that, as forges do. */
async function merged(rig: Rig, name: string): Promise<{ sha: string; number: number }> {
  const { world } = rig;
  const { number } = (await world.rest('boss', 'POST /repos/acme/widgets/issues', { title: name }, 201)).body;
  await applyIssue(rig, name, { number });
  await until(`${name} is claimed`, async () => (await types(name)).includes('TASK_DISPATCHED'));
  await world.git('work', 'fetch', '-q', world.remote('dev'), '+refs/heads/main:refs/remotes/origin/main');
  await world.git('work', 'checkout', '-q', '-B', 'main', 'origin/main');
  const sha = await world.commit('work', `${name}.txt`, name, name);
  await world.git('work', 'push', '-q', world.remote('dev'), 'main');
  const data = { number: 900, headSHA: sha, mergeSHA: sha, by: null };
  await append(rig, name, [{ type: 'MERGED', data }]);
  const since = world.listener.received.length;
  await world.rest('boss', `PATCH /repos/acme/widgets/issues/${number}`, { state: 'closed' });
  const { payload } = await world.listener.next('issues', 'closed', since);
  await deliver(rig, name, 'issues', payload);
  return { sha, number };
}

/** What intake does with a delivery. */
async function deliver(rig: Rig, name: string, event: string, payload: unknown): Promise<void> {
  const key = repositoryKey(rig.conductor.objects.repositories.get(rig.namespace, 'widgets'))!;
  for (const update of parseDelivery(event, payload).updates)
    await applyToMirror(rig.conductor, key, update, new Date());
  rig.issues.poke(ref(name));
}

/** Deploys a commit as a program with an account of its own does. */
async function deploy(rig: Rig, name: string, sha: string, state: string): Promise<void> {
  const { world } = rig;
  const fields = { ref: sha, environment: 'production', auto_merge: false, required_contexts: [] };
  const made = await world.rest('dev', `POST ${AT}`, fields, 201);
  const since = world.listener.received.length;
  const status = { state, environment_url: page.url, description: 'So it went.' };
  await world.rest('dev', `POST ${AT}/${made.body.id}/statuses`, status, 201);
  const { payload } = await world.listener.next('deployment_status', 'created', since);
  await deliver(rig, name, 'deployment_status', payload);
}

const phase = (wanted: string) => (issue: Issue) => issue.status?.phase === wanted;
const why = (issue: Issue) => issue.status?.why ?? '';
const jobNames = async (name: string) =>
  (await first.client.list(jobs, { namespace: first.namespace })).items
    .map(({ metadata }) => metadata.name!)
    .filter((one) => one.startsWith(`${name}-smoke`) || one.startsWith(`${name}-e2e`))
    .sort();

test('merged, deployed and verified: each step is told by what really happened, and done comes last', async (t) => {
  const rig = await run(t);
  const watch = new StatusWatch(rig, ISSUES);
  const { sha } = await merged(rig, 'ships');
  const waiting = await watch.until('Deploying', 'ships', phase('Deploying'));
  assert.match(why(waiting), /^No deployment of [0-9a-f]{8} to production has been told of yet\.$/);
  assert.deepEqual(await kstatusOf(waiting), ['InProgress']);
  Object.assign(page, { first: [500], status: 200 });
  await deploy(rig, 'ships', sha, 'success');
  const done = await watch.until('Done', 'ships', phase('Done'));
  assert.match(why(done), /live in production at [0-9a-f]{8}, and verified: smoke, e2e\./);
  const told = await events('ships');
  const after = told.slice(told.findIndex(({ type }) => type === 'ISSUE_UNASSIGNED') + 1);
  assert.deepEqual(
    after.map(({ type }) => type),
    ['DEPLOYED_PRODUCTION', 'SMOKE_FAILED', 'SMOKE_PASSED', 'E2E_PASSED', 'VERIFIED', 'ISSUE_DONE'],
  );
  const failed = told.find(({ type }) => type === 'SMOKE_FAILED')!;
  assert.match(failed.data.message!, /its command ended with 7; kubectl logs of Job ships-smoke-1-1/);
  assert.deepEqual([failed.data.url, failed.data.revision], [page.url, sha]);
});

test('a conductor that dies while a check runs is followed by one that takes its end, and the Job was made once', async (t) => {
  const before = await run(t);
  const { sha } = await merged(before, 'crashes');
  page.status = 200;
  await deploy(before, 'crashes', sha, 'success');
  await until('the first Job', async () => (await jobNames('crashes')).length > 0);
  await before.end();
  const { uid } = (await first.client.get(jobs, ref('crashes-smoke-1-1'))).metadata;
  await run(t);
  await until('it is done', async () => (await types('crashes')).includes('ISSUE_DONE'));
  assert.deepEqual(await jobNames('crashes'), ['crashes-e2e-1-1', 'crashes-smoke-1-1']);
  assert.equal((await first.client.get(jobs, ref('crashes-smoke-1-1'))).metadata.uid, uid);
});

test('a change that does not stand its checks opens the issue again, says there why, and tells the next attempt', async (t) => {
  const rig = await run(t);
  const { sha, number } = await merged(rig, 'breaks');
  page.status = 503;
  await deploy(rig, 'breaks', sha, 'success');
  await until('it is reopened', async () => (await types('breaks')).includes('ISSUE_REOPENED'));
  const told = await events('breaks');
  assert.equal(told.filter(({ type }) => type === 'SMOKE_FAILED').length, 3);
  const reopened = told.find(({ type }) => type === 'ISSUE_REOPENED')!.data;
  assert.match(
    `${reopened.reason}: ${reopened.message}`,
    /^CheckFailed: smoke failed 3 times: its command ended with 7/,
  );
  const { body: issue } = await rig.world.rest('boss', `GET /repos/acme/widgets/issues/${number}`);
  assert.equal(issue.state, 'open');
  const { body: said } = await rig.world.rest('boss', `GET /repos/acme/widgets/issues/${number}/comments`);
  assert.equal(said.length, 1);
  assert.match(said[0].body, /The merged change does not live: smoke failed 3 times/);
  await until(
    'the next attempt',
    async () => (await types('breaks')).filter((one) => one === 'ISSUE_ASSIGNED').length === 2,
  );
  const { rows } = await rig.db.pool.query('SELECT id, namespace, name FROM subjects WHERE name = $1', ['breaks']);
  const state = await rig.conductor.log.load(rows[0]);
  const { objects } = rig.conductor;
  const call = {
    identity: { uid: 'u' },
    subject: rows[0],
    state,
    task: state.task.work!,
    issue: objects.issues.get(rig.namespace, 'breaks')!,
    agent: objects.agents.get(rig.namespace, 'dev-e')!,
    repository: objects.repositories.get(rig.namespace, 'widgets')!,
  };
  const assignment = await assignmentOf(rig.conductor, call as never);
  assert.deepEqual([assignment.git.branch, assignment.git.branchSHA], ['rig/breaks/2', null]);
  assert.match(assignment.feedback[0]?.body ?? '', /smoke failed 3 times/);
});

test('what is live loses the change before it was proven: told, and the issue is worked again', async (t) => {
  const rig = await run(t);
  const { sha } = await merged(rig, 'reverts');
  page.status = 0;
  await deploy(rig, 'reverts', sha, 'success');
  await until('it is live', async () => (await types('reverts')).includes('DEPLOYED_PRODUCTION'));
  const before = await rig.world.git('work', 'rev-parse', `${sha}~1`);
  await deploy(rig, 'reverts', before, 'success');
  await until('it is reopened', async () => (await types('reverts')).includes('ISSUE_REOPENED'));
  const told = await events('reverts');
  assert.deepEqual(await jobNames('reverts'), [], 'what would have proven it is ended');
  const back = told.find(({ type }) => type === 'ROLLED_BACK')!;
  assert.equal(back.data.revision, before);
  assert.equal(told.find(({ type }) => type === 'ISSUE_REOPENED')!.data.reason, 'RolledBack');
});

test('a check whose pod cannot start says so where people look', async (t) => {
  const rig = await run(t);
  const { sha } = await merged(rig, 'starts');
  const repository = { spec: { verify: { image: 'nobody-has-this:1' } } };
  await rig.client.patch(REPOSITORIES, ref('widgets'), repository);
  await until('the edit is seen', () => {
    const { image } = rig.conductor.objects.repositories.get(rig.namespace, 'widgets')?.spec.verify ?? {};
    return image === 'nobody-has-this:1';
  });
  const watch = new StatusWatch(rig, ISSUES);
  await deploy(rig, 'starts', sha, 'success');
  await until('the smoke test failed', async () => (await types('starts')).includes('SMOKE_FAILED'));
  const failed = (await events('starts')).find(({ type }) => type === 'SMOKE_FAILED')!;
  assert.match(failed.data.message!, /^its pod did not run: .*nobody-has-this/);
  await watch.until('it says why', 'starts', (issue) => /smoke/.test(why(issue)));
  await rig.client.patch(REPOSITORIES, ref('widgets'), { spec: { verify: { image: 'checks:1' } } });
});

test('the Job of a check is admitted in a tenant under Pod Security restricted, and owned by its Issue', async () => {
  const job = (await first.client.get(jobs, ref('ships-smoke-1-1'))) as Job & KubeObject;
  const issue = await first.client.get(ISSUES, ref('ships'));
  assert.deepEqual(
    job.metadata.ownerReferences?.map(({ kind, uid }) => [kind, uid]),
    [['Issue', issue.metadata.uid]],
  );
  assert.doesNotMatch(JSON.stringify(job.spec), /secretKeyRef|secretName|serviceAccountToken"|hostPath|envFrom/);
});
