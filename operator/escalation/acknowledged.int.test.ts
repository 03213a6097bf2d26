import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { annotations, type Issue } from '#crds';
import type { KubeClient } from '#lib/kube';
import { noMetrics, silentLogger } from '#lib/observe';
import { ExitError } from '#lib/terminal';
import { acknowledge } from '../../cli/commands/ack.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { applyIssue } from '../api/objects.int-kit.ts';
import { PeopleRig } from '../issues/people.int-kit.ts';
import { ISSUES } from '../objects.ts';
import { openEscalations } from './open.ts';
import { Receiver, SECRET } from './receiver.int-kit.ts';

let people: PeopleRig;
let rig: TestConductor;
let ada: KubeClient;
let bob: KubeClient;

before(async () => {
  people = await PeopleRig.start('ackBy');
  ({ rig, ada, bob } = people);
});

const ref = (name: string) => people.ref(name);
const get = (name: string) => people.get(name);
const asking = (name: string) => people.irreversible(name);

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
