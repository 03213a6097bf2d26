import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '#crds';
import { createInformer, JOBS, type KubeClient, type KubeObject, type Manager } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { AgentController } from '../agents/controller.ts';
import { agentObject } from '../api/objects.int-kit.ts';
import type { Conductor } from '../issues/context.ts';
import { AGENT_TASKS, AGENTS, watchObjects } from '../objects.ts';
import { TaskController } from './controller.ts';

const at = { namespace: 'team', name: 'fix-implement-1-1' };
const settings = { conductorUrl: 'http://c', proxyUrl: 'http://p', egressUrl: 'http://e' };
const row = {
  ...at,
  subject: '0190a0a0-0000-7000-8000-000000000000',
  agent_name: 'dev-e',
  agent_uid: 'dev-e',
  pod_uid: null,
  started_at: null,
  ended_at: null,
};

/** A conductor whose database answers when it is told to; `asked` resolves when it is asked. */
async function waiting(t: { after(fn: () => unknown): void }) {
  const client = new FakeClient(new FakeClock()) as unknown as KubeClient;
  const spec = { subject: {}, agentRef: { name: 'dev-e' }, kind: 'implement', attempt: 1 };
  const metadata = { ...at, uid: 'task-uid' };
  await client.create(AGENTS, agentObject('team', 'dev-e', 'developer'));
  await client.create(AGENT_TASKS, { apiVersion, kind: 'AgentTask', metadata, spec } as never);
  const over = new AbortController();
  const runs: Promise<unknown>[] = [];
  t.after(async () => {
    over.abort();
    await Promise.all(runs);
  });
  const informer = (resource: never, options: never) => {
    const made = createInformer(client, resource, options);
    runs.push(made.run(over.signal));
    return made;
  };
  const answer = Promise.withResolvers<{ rows: object[] }>();
  const asked = Promise.withResolvers<void>();
  const query = () => {
    asked.resolve();
    return answer.promise;
  };
  const conductor = {
    client,
    objects: watchObjects({ informer } as unknown as Manager),
    log: { pool: { query } },
    mark: { behind: () => null },
    recorder: { record: () => undefined },
    now: () => 0,
  } as unknown as Conductor;
  return { conductor, client, asked: asked.promise, answer: (rows: object[]) => answer.resolve({ rows }) };
}

test('a task whose row is read while leadership ends gets no Job and no status', async (t) => {
  const { conductor, client, asked, answer } = await waiting(t);
  const { controller } = new TaskController(conductor, settings, silentLogger);
  await controller.start();
  await asked;
  const stopped = controller.stop({ graceMs: 0 });
  answer([row]);
  await stopped;
  assert.deepEqual((await client.list<KubeObject>(JOBS, { namespace: 'team' })).items, []);
  assert.equal((await client.get(AGENT_TASKS, at)).status, undefined);
});

test('an Agent whose tasks are counted while leadership ends gets no status', async (t) => {
  const { conductor, client, asked, answer } = await waiting(t);
  const { controller } = new AgentController(conductor, silentLogger);
  await controller.start();
  await asked;
  const stopped = controller.stop({ graceMs: 0 });
  answer([{ agent_uid: 'dev-e', running: 1 }]);
  await stopped;
  assert.equal((await client.get(AGENTS, { namespace: 'team', name: 'dev-e' })).status, undefined);
});
