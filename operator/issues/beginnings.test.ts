import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '#crds';
import { noIssue } from '#domain';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { AGENT_TASKS } from '../objects.ts';
import type { Step } from './actions.ts';
import { Beginnings } from './beginnings.ts';

const at = { namespace: 'team', name: 'fix-implement-1-1' };
const agent = { name: 'dev-e', uid: 'dev-uid' };
const task = { ...agent, name: at.name, kind: 'implement', lane: 'work', agent, claim: 'c', attempt: 1, round: 1 };
const live = { ...task, fence: '1.7', headSHA: null, dispatchedAt: 0, started: false };
const row = {
  ...at,
  claim: 'c',
  agent_name: agent.name,
  agent_uid: agent.uid,
  epoch: 1,
  sequence: 7,
  deadline: 600_000,
  pod_uid: null,
  ended_at: null,
};

/** An issue with one live task that the caches do not show. */
function open({ onRead = () => {} } = {}) {
  const clock = { now: 0 };
  const over = new AbortController();
  const said: string[] = [];
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  const create = client.create.bind(client);
  const asked = Object.assign(client, {
    create: (...given: Parameters<KubeClient['create']>) => {
      said.push('asked for the AgentTask');
      return create(...given);
    },
  });
  const conductor = {
    client: asked,
    objects: { agents: { get: () => undefined } },
    log: {
      pool: {
        query: async () => {
          onRead();
          return { rows: [row] };
        },
      },
    },
    recorder: { record: (_: unknown, event: { reason: string }) => void said.push(event.reason) },
    now: () => clock.now,
  };
  const state = { ...noIssue, task: { work: live, review: null } };
  const step = {
    conductor,
    issue: { apiVersion, kind: 'Issue', metadata: { namespace: 'team', name: 'fix', uid: 'issue-uid' } },
    subject: { id: 'one', namespace: 'team', name: 'fix' },
    state,
    draft: { state },
    world: { tasks: new Map([[at.name, { object: 'absent' }]]) },
    signal: over.signal,
  } as unknown as Step;
  const take = () => said.splice(0);
  return { step, clock, over, said, take, client };
}

test('an AgentTask that the cache does not show yet is asked for once in five seconds, and told once', async () => {
  const { step, clock, said, take } = open();
  const beginnings = new Beginnings(async () => void said.push('begun'));
  assert.equal(await beginnings.complete(step), true);
  assert.deepEqual(take(), ['asked for the AgentTask', 'begun', 'Dispatched']);
  clock.now = 4_999;
  assert.equal(await beginnings.complete(step), false);
  assert.deepEqual([take(), beginnings.due(step)], [[], 5_000]);
  clock.now = 5_000;
  assert.equal(await beginnings.complete(step), true);
  assert.deepEqual(take(), ['asked for the AgentTask', 'begun']);
});

test('a leader that is told to stop while it reads the tasks makes no AgentTask', async () => {
  const { step, over, client, take } = open({ onRead: () => over.abort(new Error('over')) });
  await assert.rejects(new Beginnings().complete(step), /over/);
  assert.deepEqual(take(), []);
  assert.deepEqual((await client.list(AGENT_TASKS, { namespace: 'team' })).items, []);
});

test('a leader that is told to stop while it makes an AgentTask makes no Job', async () => {
  const { step, over, said, take } = open();
  const make = step.conductor.client.create.bind(step.conductor.client);
  Object.assign(step.conductor.client, {
    create: async (...given: Parameters<KubeClient['create']>) => {
      over.abort(new Error('over'));
      return make(...given);
    },
  });
  const beginnings = new Beginnings(async () => void said.push('begun'));
  await assert.rejects(beginnings.complete(step), /over/);
  assert.deepEqual(take(), ['asked for the AgentTask']);
});
