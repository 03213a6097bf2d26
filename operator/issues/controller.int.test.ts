import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import type { Issue } from '#crds';
import type { DomainEvent } from '#domain';
import { type KubeClient, KubeError } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { clusterLife } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { kstatusOf } from '../../test/kit/kstatus.ts';
import { agentsReady, clusterConductor, StatusWatch } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENT_TASKS, AGENTS, ISSUES } from '../objects.ts';
import { IssueController } from './controller.ts';
import { recordDeletions } from './tombstone.ts';

const CAUSE = { actor: { kind: 'controller', name: 'test' } } as const;
let first: TestConductor;

before(async () => {
  first = await clusterConductor();
  first.manager.start();
  await applyTenant(first);
  await repositoryReady(first);
  await agentsReady(first);
});

/** Runs the issue controller as a process would: a new one over the same database, forge and API server, until the test ends. */
async function run(
  t: TestContext,
  options: Parameters<typeof testConductor>[1] = {},
): Promise<TestConductor & { end(): Promise<void> }> {
  const rig = await testConductor(clusterLife, { after: first, ...options });
  const issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  rig.manager.start();
  await issues.controller.start();
  const end = async () => {
    await issues.controller.stop({ graceMs: 100 });
    await rig.stop();
  };
  t.after(end);
  return { ...rig, end };
}

async function forgeIssue(title: string): Promise<number> {
  return (await first.world.rest('boss', 'POST /repos/acme/widgets/issues', { title }, 201)).body.number;
}

async function events(name: string): Promise<{ type: string; data: Record<string, string> }[]> {
  const { rows } = await first.db.pool.query(
    `SELECT type, data FROM events JOIN subjects s ON s.id = stream WHERE s.name = $1 ORDER BY txid, version`,
    [name],
  );
  return rows;
}
const types = async (name: string) => (await events(name)).map(({ type }) => type);

async function live(name: string): Promise<string[]> {
  const { rows } = await first.db.pool.query(
    `SELECT t.name FROM tasks t JOIN subjects s ON s.id = t.subject WHERE s.name = $1 AND t.ended_at IS NULL
     UNION ALL SELECT 'claim' FROM claims c JOIN subjects s ON s.id = c.subject WHERE s.name = $1 AND c.ended_at IS NULL`,
    [name],
  );
  return rows.map((row) => row.name);
}

const phase = (wanted: string) => (issue: Issue) => issue.status?.phase === wanted;
const reasonOf = (issue: Issue) => issue.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
const ref = (name: string) => ({ namespace: first.namespace, name });

/** Appends what the live work task of an issue reports. */
async function report(
  rig: TestConductor,
  name: string,
  event: (task: { task: string; kind: 'implement'; fence: string }) => DomainEvent,
) {
  const { rows } = await rig.db.pool.query(`SELECT id, namespace, name FROM subjects WHERE name = $1`, [name]);
  await rig.conductor.log.append(rows[0], CAUSE, ({ task }) => [
    event({ task: task.work!.name, kind: 'implement', fence: task.work!.fence }),
  ]);
}

async function comments(number: number): Promise<{ login: string; body: string }[]> {
  const { body } = await first.world.rest('boss', `GET /repos/acme/widgets/issues/${number}/comments`);
  return body.map((one: { user: { login: string }; body: string }) => ({ login: one.user.login, body: one.body }));
}

test('an Issue whose Repository is missing says so and is left unclaimed', async (t) => {
  await run(t);
  const watch = new StatusWatch(first, ISSUES);
  const repositoryRef = { name: 'later' };
  await applyIssue(first, 'waits', { number: await forgeIssue('waits'), repositoryRef });
  const issue = await watch.until('RepositoryMissing', 'waits', (seen) => reasonOf(seen) === 'RepositoryMissing');
  assert.match(issue.status!.why!, /There is no Repository later in this namespace; apply it/);
  assert.equal(issue.status?.phase, 'Pending');
  assert.deepEqual(await kstatusOf(issue), ['InProgress']);
  assert.deepEqual(await types('waits'), []);
});

test('an Issue is claimed, and its deletion ends the claim with a tombstone', async (t) => {
  await run(t);
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'deleted', { number: await forgeIssue('deleted') });
  const issue = await watch.until('Implementing', 'deleted', phase('Implementing'));
  assert.equal(issue.status?.assignedTo, 'dev-e');
  assert.deepEqual(await kstatusOf(issue), ['InProgress']);
  await until('the AgentTask', () => first.client.find(AGENT_TASKS, ref('deleted-implement-1-1')));
  await first.client.delete(ISSUES, ref('deleted'));
  await until('the tombstone', async () => (await types('deleted')).at(-1) === 'ISSUE_CANCELLED');
  assert.deepEqual((await types('deleted')).slice(-3), ['TASK_CANCELLED', 'ISSUE_UNASSIGNED', 'ISSUE_CANCELLED']);
  assert.deepEqual(await live('deleted'), []);
});

test('a process that dies between claim and AgentTask is completed by the next, under the same name', async (t) => {
  const dying = new Proxy(first.client, {
    get: (client, name) => {
      const value = Reflect.get(client, name, client);
      if (typeof value !== 'function') return value;
      if (name === 'create')
        return (resource: { kind: string }, ...rest: unknown[]) =>
          resource.kind === 'AgentTask' ? new Promise(() => undefined) : value.call(client, resource, ...rest);
      return value.bind(client);
    },
  }) as KubeClient;
  const before = await run(t, { client: dying });
  await applyIssue(first, 'crashed', { number: await forgeIssue('crashed') });
  await until('the claim', async () => (await types('crashed')).includes('TASK_DISPATCHED'));
  await before.end();
  assert.equal(await first.client.find(AGENT_TASKS, ref('crashed-implement-1-1')), undefined);
  await run(t);
  const task = await until('the AgentTask', () => first.client.find(AGENT_TASKS, ref('crashed-implement-1-1')));
  const dispatched = (await events('crashed')).filter(({ type }) => type === 'TASK_DISPATCHED');
  assert.deepEqual(
    dispatched.map(({ data }) => data.fence),
    [`${task.spec.claim.epoch}.${task.spec.claim.fence}`],
  );
});

test('an Issue deleted and made again while nobody watched ends the old claim and is claimed anew', async (t) => {
  const number = await forgeIssue('replaced');
  const before = await run(t);
  await applyIssue(first, 'replaced', { number });
  await until('the claim', async () => (await live('replaced')).length === 2);
  await before.end();
  await first.client.delete(ISSUES, ref('replaced'));
  await until('it is gone', async () => (await first.client.find(ISSUES, ref('replaced'))) === undefined);
  await applyIssue(first, 'replaced', { number });
  await run(t);
  await until('the second claim', async () => (await live('replaced')).includes('replaced-implement-2-1'));
  const told = await types('replaced');
  assert.ok(
    told.indexOf('ISSUE_CANCELLED') < told.indexOf('ISSUE_REOPENED') && told.includes('ISSUE_CANCELLED'),
    told.join(),
  );
});

test('an Issue without a number that is deleted and applied again is another one, worked under tasks of its own', async (t) => {
  await run(t);
  await applyIssue(first, 'unnumbered');
  await until('the claim', async () => (await live('unnumbered')).includes('unnumbered-implement-1-1'));
  await first.client.delete(ISSUES, ref('unnumbered'));
  await until('the tombstone', async () => (await types('unnumbered')).at(-1) === 'ISSUE_CANCELLED');
  await applyIssue(first, 'unnumbered');
  await until('the second claim', async () => (await live('unnumbered')).includes('unnumbered-implement-2-1'));
  const told = await events('unnumbered');
  const branches = told.filter(({ type }) => type === 'ISSUE_ASSIGNED').map(({ data }) => data.branch);
  assert.deepEqual(branches, ['rig/unnumbered/1', 'rig/unnumbered/2']);
  assert.equal(told.filter(({ type }) => type === 'ISSUE_FILED').length, 2);
});

test('an Issue deleted while nobody watched gets its tombstone when the next conductor starts, once', async (t) => {
  const before = await run(t);
  await applyIssue(first, 'unseen', { number: await forgeIssue('unseen') });
  await until('the claim', async () => (await live('unseen')).length === 2);
  await before.end();
  await first.client.delete(ISSUES, ref('unseen'));
  const next = await testConductor(clusterLife, { after: first });
  next.manager.start();
  await next.conductor.objects.issues.waitForSync();
  for (let turn = 0; turn < 2; turn++) await recordDeletions(next.conductor, CAUSE);
  assert.equal((await types('unseen')).filter((type) => type === 'ISSUE_CANCELLED').length, 1);
  assert.deepEqual(await live('unseen'), []);
  await next.stop();
});

test('a question is posted on the issue under the Agent’s name, once, and the issue awaits a person', async (t) => {
  const number = await forgeIssue('asks');
  const rig = await run(t);
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'asks', { number });
  await watch.until('Implementing', 'asks', phase('Implementing'));
  await report(rig, 'asks', (task) => ({ type: 'ESCALATED', data: { ...task, question: 'Which of the two?' } }));
  const issue = await watch.until('AwaitingHuman', 'asks', phase('AwaitingHuman'));
  assert.deepEqual([reasonOf(issue), issue.status?.why], ['AskedForPerson', 'Which of the two?']);
  await until('the question', async () => (await comments(number)).length > 0);
  await rig.end();
  const next = await run(t);
  await until('the next conductor has looked', () => next.client.get(ISSUES, ref('asks')));
  const said = await comments(number);
  assert.deepEqual(
    said.map(({ login }) => login),
    ['dev'],
  );
  assert.match(said[0]!.body, /dev-e cannot go on without a person \(task asks-implement-1-1\):\n\nWhich of the two\?/);
  assert.deepEqual(await live('asks'), []);
});

test('a question longer than a status may hold is cut there, and posted whole on the issue', async (t) => {
  const number = await forgeIssue('long');
  const rig = await run(t);
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'long', { number });
  await watch.until('Implementing', 'long', phase('Implementing'));
  const question = `Which? ${'ü🚲'.repeat(2_700)}`;
  await report(rig, 'long', (task) => ({ type: 'ESCALATED', data: { ...task, question } }));
  const { status } = await watch.until('AwaitingHuman', 'long', phase('AwaitingHuman'));
  const { message } = status!.conditions!.find(({ type }) => type === 'Stalled')!;
  for (const [text, limit] of [
    [status!.why!, 512],
    [message, 1_024],
  ] as const)
    assert.ok(text.length > limit - 3 && text.length <= limit && text.isWellFormed() && text.endsWith('…'), text);
  await until('the question', async () => (await comments(number))[0]?.body.includes(question));
});

test('a status that the API server refuses keeps no question from the issue', async (t) => {
  const number = await forgeIssue('refused');
  const applyStatus = (first.client as KubeClient).applyStatus.bind(first.client);
  let refused = 0;
  const refusing = new Proxy(first.client, {
    get: (client, name) => {
      const value = Reflect.get(client, name, client);
      if (name !== 'applyStatus') return typeof value === 'function' ? value.bind(client) : value;
      return async (...[resource, body, options]: Parameters<typeof applyStatus>) => {
        const { status } = body as Issue;
        if (body.metadata.name !== 'refused' || status?.phase !== 'AwaitingHuman')
          return applyStatus(resource, body, options);
        refused += 1;
        throw new KubeError('Invalid', 'too long');
      };
    },
  }) as KubeClient;
  const rig = await run(t, { client: refusing });
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'refused', { number });
  await watch.until('Implementing', 'refused', phase('Implementing'));
  await report(rig, 'refused', (task) => ({ type: 'ESCALATED', data: { ...task, question: 'And now?' } }));
  await until('the question', async () => (await comments(number))[0]?.body.includes('And now?'));
  assert.ok(refused > 0);
});

test('an agent that is stuck leaves the issue to a person and says nothing at the forge', async (t) => {
  const number = await forgeIssue('stuck');
  const rig = await run(t);
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'stuck', { number });
  await watch.until('Implementing', 'stuck', phase('Implementing'));
  await report(rig, 'stuck', (task) => ({
    type: 'AGENT_STUCK',
    data: { ...task, evidence: 'The same test failed five times.' },
  }));
  const issue = await watch.until('AwaitingHuman', 'stuck', phase('AwaitingHuman'));
  assert.deepEqual(await kstatusOf(issue), ['Failed']);
  assert.deepEqual([reasonOf(issue), issue.status?.why], ['TaskStuck', 'The same test failed five times.']);
  assert.deepEqual(await comments(number), []);
});

test('an Issue whose stack no Agent knows is claimed by nobody until one does', async (t) => {
  const agent = { namespace: first.namespace, name: 'dev-e' };
  const { stacks } = (await first.client.get(AGENTS, agent)).spec;
  const know = async (known: readonly string[]) => {
    const { metadata } = await first.client.patch(AGENTS, agent, { spec: { stacks: known } });
    await until('the cache has it', () => {
      const seen = first.conductor.objects.agents.get(agent.namespace, agent.name);
      return seen?.metadata.resourceVersion === metadata.resourceVersion;
    });
  };
  await know(['cobol']);
  t.after(() => know(stacks));
  await run(t);
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'foreign', { number: await forgeIssue('foreign') });
  const issue = await watch.until('AwaitingHuman', 'foreign', phase('AwaitingHuman'));
  assert.equal(reasonOf(issue), 'NoAgentFits');
  assert.deepEqual(await types('foreign'), ['ISSUE_FILED', 'ISSUE_CLASSIFIED', 'HUMAN_GATE_TRIGGERED']);
  await know(stacks);
  const claimed = await watch.until('Implementing', 'foreign', phase('Implementing'));
  assert.equal(claimed.status?.assignedTo, 'dev-e');
});

test('without a tier policy nothing is claimed and the issue awaits a person', async (t) => {
  await run(t, { tier: { grade: () => null } });
  const watch = new StatusWatch(first, ISSUES);
  await applyIssue(first, 'ungraded', { number: await forgeIssue('ungraded') });
  const issue = await watch.until('AwaitingHuman', 'ungraded', phase('AwaitingHuman'));
  assert.equal(reasonOf(issue), 'NoTierPolicy');
  assert.deepEqual(await types('ungraded'), ['ISSUE_FILED', 'HUMAN_GATE_TRIGGERED']);
  assert.deepEqual(await live('ungraded'), []);
});

test('a forge that is away when an Issue has to be filed is told in its status, and it is filed once when it is back', async (t) => {
  const watch = new StatusWatch(first, ISSUES);
  await first.world.forge.close();
  await run(t);
  await applyIssue(first, 'unfiled');
  const away = await watch.until('ForgeUnreachable', 'unfiled', (seen) => reasonOf(seen) === 'ForgeUnreachable');
  assert.equal(away.status?.phase, 'Pending');
  await first.world.open();
  const filed = await watch.until('a number', 'unfiled', (seen) => seen.status?.number !== undefined);
  const { body } = await first.world.rest('boss', 'GET /repos/acme/widgets/issues?state=all&per_page=100');
  assert.equal(body.filter((one: { title: string }) => one.title === 'Mend unfiled').length, 1);
  assert.equal(body[0].number, filed.status?.number);
});
