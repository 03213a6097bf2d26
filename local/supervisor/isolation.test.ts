import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, ExitError } from '#lib/terminal';
import { describeIsolation, describeTests, refuseUnisolated } from './isolation.ts';
import { isolationOf } from './programs/kubelet.ts';
import { withoutWall } from './programs/wall.ts';
import { agentObject } from './tenant/objects.ts';

const nodeSaying = (status: string, message: string) => ({
  metadata: { name: 'local' },
  status: { conditions: [{ type: 'Isolated', status, message }] },
});
const walls = isolationOf(nodeSaying('True', 'Each container has walls.'));
const none = isolationOf(nodeSaying('False', 'Namespaces are forbidden.'));
const [careful, accepting] = [{ allowUnisolated: false }, { allowUnisolated: true }];

test('the start says how the node isolates, or why not and who agents’ commands run as', () => {
  assert.equal(describeIsolation(walls, careful), 'agents’ commands are isolated. Each container has walls.');
  assert.match(describeIsolation(none, accepting), /^Isolated=False: agents’ commands run as you\. Namespaces are/);
  assert.match(describeIsolation(none, { ...careful, context: 'mine' }), /^Isolated=False: no agent runs here\. /);
});

test('a machine without walls is refused with the reason and the way out, unless the person accepts it', () => {
  assert.throws(
    () => refuseUnisolated(none, careful),
    (error) =>
      error instanceof ExitError &&
      error.code === ExitCode.Environment &&
      /Namespaces are forbidden\. .*--allow-unisolated/.test(error.message),
  );
  refuseUnisolated(none, accepting);
  refuseUnisolated(walls, careful);
  refuseUnisolated(none, { ...careful, context: 'mine' });
});

test('a node that does not speak of isolation has none', () => {
  assert.equal(isolationOf({ metadata: { name: 'local' } }).holds, false);
  assert.equal(isolationOf(undefined).holds, false);
  assert.equal(isolationOf(nodeSaying('Unknown', '')).holds, false);
});

test('the sample’s Agents run behind walls alone, unless the person accepts the lack of them', () => {
  const sample = {
    apiVersion: 'rig.dashecorp.com/v1alpha1',
    kind: 'Agent',
    metadata: { name: 'a' },
    spec: { role: 'r' },
  };
  assert.deepEqual(agentObject(sample, careful), sample);
  assert.deepEqual(agentObject(sample, accepting), { ...sample, spec: { role: 'r', allowUnisolated: true } });
});

test('without a wall the forge runs tests under the flag alone by which agents may, and its line at the start says which', () => {
  assert.equal(withoutWall('Namespaces are forbidden.', accepting).told, 'none');
  const { isolation, told } = withoutWall('Namespaces are forbidden.', careful);
  assert.match(JSON.parse(told).refused, /nothing is\. Namespaces are forbidden\. .*--allow-unisolated/);
  assert.equal(describeTests(walls, careful), 'its tests are isolated');
  assert.match(describeTests(isolation, careful), /^Isolated=False: its tests are not run\. Namespaces are/);
  assert.match(describeTests(isolation, accepting), /^Isolated=False: its tests run as you\. Namespaces are/);
});
