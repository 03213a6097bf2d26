import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { annotations } from '#crds';
import type { KubeClient } from '#lib/kube';
import { askPreparation } from '../../cli/commands/prepare.ts';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentTasksOf, ISSUES } from '../objects.ts';
import { PeopleRig } from './people.int-kit.ts';

let people: PeopleRig;
let ada: KubeClient;
let bob: KubeClient;

before(async () => {
  people = await PeopleRig.start('prepareBy');
  ({ ada, bob } = people);
});

const tasks = (name: string) => agentTasksOf(people.rig.conductor.objects, people.rig.namespace, name);

test('a person has T3 work prepared: an agent is given that task alone, and the person goes on being waited for', async () => {
  await people.irreversible('one');
  assert.deepEqual(tasks('one'), []);
  const asked = await askPreparation(ada, people.ref('one'), 'Show me a way.');
  assert.equal(asked.by, 'ada');
  await until('the task is there', () => tasks('one').length > 0);
  assert.deepEqual(
    tasks('one').map(({ spec }) => [spec.kind, spec.agentRef.name]),
    [['prepare', 'dev-e']],
  );
  const { status } = await people.get('one');
  assert.deepEqual([status?.phase, status?.effectiveTier, status?.assignedTo], ['AwaitingHuman', 'T3', 'dev-e']);
  await assert.rejects(askPreparation(bob, people.ref('one')), /dev-e prepares one already/);
});

test('nobody asks for a preparation in another name, and no machine asks for one at all', async () => {
  const { namespace } = people.rig;
  const robot = `system:serviceaccount:${namespace}:robot`;
  const machine = await people.user(robot, 'robot');
  await people.irreversible('two');
  const say = (who: KubeClient, by: string) =>
    who.patch(ISSUES, people.ref('two'), {
      metadata: { annotations: { [annotations.prepare]: '0123456789abcdef', [annotations.prepareBy]: by } },
    });
  await assert.rejects(say(bob, 'ada'), { code: 'Forbidden', message: /prepare-by must be the user who asks/ });
  await assert.rejects(say(machine, robot), { code: 'Forbidden', message: /a person's to write/ });
  await assert.rejects(say(machine, 'ada'), { code: 'Forbidden' });
  await machine.patch(ISSUES, people.ref('two'), { metadata: { annotations: { 'example.com/mood': 'fine' } } });
  assert.deepEqual(tasks('two'), []);
});

test('a preparation of work below T3 is refused, also where it stands on the Issue', async () => {
  await people.issue('three', { suspend: true });
  await until('three is looked at', async () => (await people.get('three')).status?.phase !== undefined);
  await assert.rejects(askPreparation(ada, people.ref('three')), /Issue three is .*not (T3|graded)/);
  const said = { [annotations.prepare]: '0123456789abcdef', [annotations.prepareBy]: 'ada' };
  await ada.patch(ISSUES, people.ref('three'), { metadata: { annotations: said } });
  await people.rig.client.patch(ISSUES, people.ref('three'), { spec: { suspend: false } });
  await until('three is worked', () => tasks('three').length > 0);
  assert.deepEqual(
    tasks('three').map(({ spec }) => spec.kind),
    ['implement'],
  );
  assert.equal((await people.get('three')).status?.preparation, undefined);
});
