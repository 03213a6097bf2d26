import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podProblem } from './pod.ts';

test('a pod that no node takes says so in the scheduler’s words', () => {
  const message = '0/1 nodes are available: 1 Insufficient cpu.';
  const problem = podProblem({
    metadata: {},
    status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
  });
  assert.deepEqual(problem, {
    state: 'Reconciling',
    reason: 'Unschedulable',
    message: `No node takes the pod: ${message}`,
    ready: 'False',
  });
});

test('a pod that a taint keeps off every node says what to look at, unless it accepts nodes without walls', () => {
  const message = '0/1 nodes are available: 1 node(s) had untolerated taint(s).';
  const said = (key: string) =>
    podProblem({
      metadata: {},
      spec: { tolerations: [{ key, operator: 'Exists' }] },
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
    })?.message;
  assert.match(said('rig.dashecorp.com/host-process') ?? '', /untolerated taint\(s\)\. .*Isolated.*allowUnisolated/);
  assert.equal(said('rig.dashecorp.com/unisolated'), `No node takes the pod: ${message}`);
});

test('an image that cannot be pulled is told of the init container that waits for it, while the others wait for that one', () => {
  const waits = (reason: string, message?: string) => ({ state: { waiting: { reason, message } } });
  const problem = podProblem({
    metadata: {},
    status: {
      initContainerStatuses: [waits('ImagePullBackOff', 'Back-off pulling image "rig-agent-runtime:nod"')],
      containerStatuses: [waits('PodInitializing')],
    },
  });
  assert.match(problem!.message, /does not start \(ImagePullBackOff\): Back-off pulling image "rig-agent-runtime:nod"/);
});

test('a container that waits for an image says which and why, one that is being made says nothing', () => {
  const waiting = (reason: string, message?: string) => ({
    metadata: {},
    status: { containerStatuses: [{ state: { waiting: { reason, message } } }] },
  });
  assert.match(
    podProblem(waiting('ErrImagePull', 'no such image'))!.message,
    /does not start \(ErrImagePull\): no such image/,
  );
  assert.match(podProblem(waiting('CreateContainerError'))!.message, /the node gives no reason/);
  assert.equal(podProblem(waiting('ContainerCreating')), null);
  assert.equal(podProblem({ metadata: {} }), null);
});
