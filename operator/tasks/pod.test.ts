import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podProblem } from './pod.ts';

test('a pod that no node takes says so in the scheduler’s words', () => {
  const message = '0/1 nodes are available: 1 node(s) had untolerated taint.';
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
