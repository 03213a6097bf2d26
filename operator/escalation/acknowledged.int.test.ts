import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { annotations, apiVersion, type Issue } from '#crds';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { noMetrics, silentLogger } from '#lib/observe';
import { ExitError } from '#lib/terminal';
import { acknowledge } from '../../cli/commands/ack.ts';
import { clusterLife, testCluster } from '../../test/kit/cluster.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady, clusterConductor } from '../api/cluster.int-kit.ts';
import { repositoryReady, type TestConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { IssueController } from '../issues/controller.ts';
import { ISSUES } from '../objects.ts';
import { openEscalations } from './open.ts';
import { Receiver, SECRET } from './receiver.int-kit.ts';

let rig: TestConductor;
let ada: KubeClient;
let bob: KubeClient;

before(async () => {
  rig = await clusterConductor();
  const issues = new IssueController(rig.conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await agentsReady(rig);
  await issues.controller.start();
  clusterLife.after(() => issues.controller.stop({ graceMs: 100 }));
  [ada, bob] = [await person('ada'), await person('bob')];
  await policyEnforced();
});

/** A policy holds some time after it was applied. */
async function policyEnforced(): Promise<void> {
  const metadata = { namespace: rig.namespace, name: 'forged', annotations: { [annotations.ackBy]: 'ada' } };
  const spec = { repositoryRef: { name: 'widgets' }, title: 'Forged' };
  const forged = { apiVersion, kind: 'Issue', metadata, spec } as unknown as Issue;
  await until('the policy is enforced', () =>
    bob.create(ISSUES, forged, { dryRun: true }).then(
      () => false,
      ({ code }) => code === 'Forbidden',
    ),
  );
}

/** A user of the cluster who may work with Issues in the tenant's namespace, and nothing else. */
async function person(name: string): Promise<KubeClient> {
  const cluster = await testCluster();
  for (const role of ['rig-view', 'rig-edit'])
    await cluster.kubectl(
      ...['create', 'rolebinding', `${name}-${role}`, `--clusterrole=${role}`, `--user=${name}`, '-n', rig.namespace],
    );
  const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath, impersonate: name }));
  clusterLife.after(() => client.close());
  return client;
}

const ref = (name: string) => ({ namespace: rig.namespace, name });
const get = (name: string) => rig.client.get(ISSUES, ref(name));

/** An Issue that waits for a person: nobody grades what no Agent fits. */
async function asking(name: string): Promise<Issue> {
  const { body } = await rig.world.rest('boss', 'POST /repos/acme/widgets/issues', { title: name }, 201);
  await applyIssue(rig, name, { number: body.number, tier: 'T3' });
  return until(`${name} waits`, async () => {
    const issue = await get(name);
    return issue.status?.escalation === undefined ? undefined : issue;
  });
}

async function acknowledged(name: string): Promise<unknown[]> {
  const { rows } = await rig.db.pool.query(
    `SELECT data FROM events JOIN subjects s ON s.id = stream WHERE s.name = $1 AND type = 'HUMAN_GATE_ACKNOWLEDGED'`,
    [name],
  );
  return rows.map(({ data }) => data);
}

test('who says to see to an issue is recorded by the name that the API server knows, once', async () => {
  const asked = await asking('one');
  const { gate } = asked.status!.escalation!;
  const first = await acknowledge(ada, ref('one'), 'On it.');
  assert.deepEqual([first.by, first.note, first.already], ['ada', 'On it.', false]);
  assert.deepEqual(await acknowledged('one'), [{ gate, by: 'ada', note: 'On it.' }]);
  const { status } = await get('one');
  assert.equal(status?.why, `ada sees to it: ${asked.status!.why}`);
  assert.equal(status?.phase, 'AwaitingHuman');
  assert.equal(status?.conditions?.find(({ type }) => type === 'Stalled')?.message, status?.why);
  const second = await acknowledge(bob, ref('one'));
  assert.deepEqual([second.by, second.already], ['ada', true]);
  assert.equal((await acknowledge(ada, ref('one'))).already, true);
  assert.equal((await acknowledged('one')).length, 1);
});

test('nobody says it in another name, and nobody changes what another said', async () => {
  const { gate, since } = (await asking('two')).status!.escalation!;
  const say = (who: KubeClient, said: Record<string, string>) =>
    who.patch(ISSUES, ref('two'), { metadata: { annotations: said } });
  const forbidden = { code: 'Forbidden', message: /ack-by must be the user who asks/ };
  await assert.rejects(say(bob, { [annotations.ack]: `${gate}@${since}`, [annotations.ackBy]: 'ada' }), forbidden);
  await acknowledge(ada, ref('two'));
  await assert.rejects(say(bob, { [annotations.ack]: '99' }), forbidden);
  await assert.rejects(say(bob, { [annotations.ackNote]: 'I give up.' }), forbidden);
  await say(bob, { 'example.com/mood': 'fine' });
  const made = { ...(await get('two')), status: undefined };
  const { resourceVersion: _, uid: __, ...metadata } = made.metadata;
  await assert.rejects(bob.create(ISSUES, { ...made, metadata: { ...metadata, name: 'copied' } } as Issue), forbidden);
});

test('an issue that waits for nobody, or is not there, cannot be acknowledged and says so', async () => {
  await assert.rejects(acknowledge(ada, ref('three')), { code: 'NotFound' });
  await applyIssue(rig, 'four', { suspend: true });
  await until('four is looked at', async () => (await get('four')).status?.phase !== undefined);
  await assert.rejects(acknowledge(ada, ref('four')), (error) => {
    assert.ok(error instanceof ExitError && error.code === 1);
    assert.match(error.message, /^Issue four does not wait with that question: it is \w+\.$/);
    return true;
  });
});

test('an acknowledgement that no conductor takes up within its time is said to stand on the Issue', async () => {
  await asking('five');
  await assert.rejects(acknowledge(ada, ref('five'), undefined, 0), /It stands on the Issue five, and no conductor/);
  await until('it is taken up', async () => (await get('five')).status?.escalation?.acknowledgedBy === 'ada');
});

test('an acknowledgement that names another time than that of the question is not taken', async () => {
  const { gate } = (await asking('lost')).status!.escalation!;
  const say = (question: string) =>
    ada.patch(ISSUES, ref('lost'), {
      metadata: { annotations: { [annotations.ack]: question, [annotations.ackBy]: 'ada' } },
    });
  await say(`${gate}@2020-01-01T00:00:00Z`);
  await say(`${gate}`);
  await rig.client.patch(ISSUES, ref('lost'), { spec: { title: 'Another title' } });
  const seen = await until('the edit is seen', async () => {
    const { metadata, status } = await get('lost');
    return status?.observedGeneration === metadata.generation ? status : undefined;
  });
  assert.equal(seen.escalation?.acknowledgedBy, undefined);
  assert.deepEqual(await acknowledged('lost'), []);
});

test('an edit asks anew: what was acknowledged before says nothing of the new question', async () => {
  const before = (await asking('six')).status!.escalation!.gate;
  await acknowledge(ada, ref('six'));
  await rig.client.patch(ISSUES, ref('six'), { spec: { body: 'Otherwise.' } });
  const asked = await until('it asks again', async () => {
    const { escalation } = (await get('six')).status ?? {};
    return escalation !== undefined && escalation.gate > before ? escalation : undefined;
  });
  assert.equal(asked.acknowledgedBy, undefined);
});

test('a conductor tells its sinks of an Issue by what its caches hold, and of one that waited before it led', async (t) => {
  const receiver = await Receiver.start(t);
  const file = join(rig.dir, 'sinks.yaml');
  const sink = { name: 'ops', kind: 'webhook', url: receiver.url.href, secret: SECRET, network: 'loopback' };
  await writeFile(file, JSON.stringify({ sinks: [sink] }));
  const { conductor } = rig;
  await asking('seven');
  const base = { log: conductor.log, leader: conductor.leader, mark: conductor.mark, logger: silentLogger };
  const escalations = openEscalations({ ...base, metrics: noMetrics }, file, () => conductor);
  const over = new AbortController();
  t.after(async () => {
    over.abort();
    await escalations.idle();
  });
  escalations.start(over.signal);
  (conductor as { escalations?: typeof escalations }).escalations = escalations;
  await rig.client.patch(ISSUES, ref('seven'), { metadata: { annotations: { 'example.com/look': 'again' } } });
  const [told] = await receiver.holds(1);
  const { data } = JSON.parse(told!.body);
  assert.deepEqual([told!.verified, data.issue, data.namespace], [true, 'seven', rig.namespace]);
  assert.match(data.url, /\/acme\/widgets\/issues\/\d+$/);
});
