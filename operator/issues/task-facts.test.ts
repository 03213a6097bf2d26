import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JOBS, type KubeClient, type KubeObject, realClock } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { AGENT_TASKS } from '../objects.ts';
import type { TaskRow } from '../store/tasks.ts';
import { type Looks, taskFacts } from './task-facts.ts';

const ref = { namespace: 'team', name: 'one-implement-1-1' };
const row = { name: ref.name, startedAt: 5, seenAt: 5, deadline: 9, client: null } as TaskRow;
const ended = { status: { conditions: [{ type: 'Failed', status: 'True', message: 'It was killed.' }] } };

interface Scene {
  readonly server: readonly ('task' | 'job')[];
  readonly cached?: readonly ('task' | 'job')[];
  readonly job?: object;
}

/** What the API server has, and what of it the caches show. */
async function scene({ server, cached = [], job = {} }: Scene) {
  const client = new FakeClient(realClock);
  const task = await client.create(AGENT_TASKS, { metadata: ref } as never);
  const made = await client.create(JOBS, { metadata: ref } as KubeObject);
  await client.applyStatus(JOBS, { metadata: ref, ...job } as KubeObject);
  if (!server.includes('task')) await client.delete(AGENT_TASKS, ref);
  if (!server.includes('job')) await client.delete(JOBS, ref);
  client.calls.length = 0;
  const looks = {
    client: client as unknown as KubeClient,
    objects: {
      tasks: { get: () => (cached.includes('task') ? task : undefined) },
      jobs: { get: () => (cached.includes('job') ? made : undefined) },
    },
  } as unknown as Looks;
  return { looks, client };
}

async function of(at: Scene, over: Partial<TaskRow> = {}) {
  const { looks, client } = await scene(at);
  const { object, jobEnded } = await taskFacts(looks, ref.namespace, { ...row, ...over });
  return { object, jobEnded: jobEnded?.message ?? null, asked: client.calls };
}

test('a task whose objects the caches show costs no request', async () => {
  const both = ['task', 'job'] as const;
  assert.deepEqual(await of({ server: both, cached: both }), { object: 'present', jobEnded: null, asked: [] });
});

test('a task that has not started is not asked for: its objects are about to be made', async () => {
  assert.deepEqual(await of({ server: [] }, { startedAt: null }), { object: 'absent', jobEnded: null, asked: [] });
  const made = await of({ server: ['task'], cached: ['task'] }, { startedAt: null });
  assert.deepEqual(made, { object: 'present', jobEnded: null, asked: [] });
});

test('a started task that the caches do not show yet is there, and its Job runs', async () => {
  const seen = await of({ server: ['task', 'job'] });
  assert.deepEqual([seen.object, seen.jobEnded], ['present', null]);
});

test('a Job that the cache does not show yet is there where the API server says so, as it stands there', async () => {
  const cached = ['task'] as const;
  assert.equal((await of({ server: ['task', 'job'], cached })).jobEnded, null);
  assert.equal((await of({ server: ['task', 'job'], cached, job: ended })).jobEnded, 'It was killed.');
});

test('objects of a started task that the API server has no more are gone', async () => {
  assert.equal((await of({ server: [] })).object, 'gone');
  assert.equal((await of({ server: ['task'], cached: ['task'] })).jobEnded, 'the Job was deleted.');
});

test('what a client of a pulling Agent runs has no Job to be missed', async () => {
  const pulled = await of({ server: ['task'], cached: ['task'] }, { client: 'laptop' });
  assert.deepEqual(pulled, { object: 'present', jobEnded: null, asked: [] });
});

test('an API server that does not answer is no proof that anything was deleted', async () => {
  const { looks, client } = await scene({ server: ['task', 'job'] });
  client.fault = () => {
    throw new Error('The API server is away.');
  };
  await assert.rejects(taskFacts(looks, ref.namespace, row), /API server is away/);
});
