import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent, AgentTask } from '#crds';
import { jobOf } from './job.ts';

interface Mount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
}
interface Container {
  name: string;
  command?: string[];
  restartPolicy?: string;
  env?: { name: string; value: string }[];
  resources?: { requests?: object; limits?: { memory?: string } };
  securityContext: { runAsUser?: number; runAsGroup?: number };
  volumeMounts: Mount[];
}
interface Pod {
  shareProcessNamespace: boolean;
  automountServiceAccountToken: boolean;
  tolerations?: { key: string }[];
  volumes: { name: string; emptyDir?: { sizeLimit?: string } }[];
  initContainers: Container[];
  containers: Container[];
  securityContext: { runAsUser: number; fsGroup: number };
}

const settings = { conductorUrl: 'http://c', proxyUrl: 'http://p', egressUrl: 'http://e' };
const task = {
  metadata: { name: 'i7-implement-1-1', namespace: 'team-a' },
  spec: { kind: 'implement', attempt: 1 },
} as AgentTask;

function podOf(more: Partial<Agent['spec']> = {}) {
  const spec = { image: 'rig-agent-runtime:node', nodeSelector: {}, tolerations: [], allowUnisolated: false, ...more };
  const agent = { metadata: { name: 'dev-e' }, spec } as unknown as Agent;
  const { template } = (jobOf(task, agent, settings) as unknown as { spec: { template: Template } }).spec;
  const [sandbox, runtime] = [template.spec.initContainers[0]!, template.spec.containers[0]!];
  return { pod: template.spec, annotations: template.metadata.annotations, sandbox, runtime };
}
interface Template {
  metadata: { annotations: Record<string, string> };
  spec: Pod;
}

const mounts = ({ volumeMounts }: Container) =>
  volumeMounts.map(({ name, readOnly }) => (readOnly ? `${name}:ro` : name));

test('the sandbox stands beside the runtime with another uid and no volume of its but the two where they meet', () => {
  const { pod, sandbox, runtime } = podOf();
  assert.equal(sandbox.restartPolicy, 'Always');
  assert.deepEqual(mounts(runtime), ['token:ro', 'origin', 'run', 'tmp']);
  assert.deepEqual(mounts(sandbox), ['tree', 'origin:ro', 'run', 'sandbox-tmp']);
  assert.notEqual(sandbox.securityContext.runAsUser, pod.securityContext.runAsUser);
  assert.notEqual(sandbox.securityContext.runAsGroup, pod.securityContext.fsGroup);
  assert.deepEqual([pod.shareProcessNamespace, pod.automountServiceAccountToken], [false, false]);
});

test('the sandbox is told nothing: neither where the conductor is, nor which task it works for', () => {
  const { sandbox, runtime, annotations } = podOf();
  assert.deepEqual(sandbox.env, undefined);
  assert.ok(runtime.env?.some(({ name }) => name === 'RIG_TOKEN_FILE'));
  assert.deepEqual(annotations, { 'rig.dashecorp.com/loopback-only': 'sandbox' });
});

test('each container has a program of the image: the runtime its entry point, the sandbox one named by path', () => {
  const { sandbox, runtime } = podOf();
  assert.deepEqual([runtime.command, sandbox.command], [undefined, ['node', 'agent-image/sandbox/main.ts']]);
});

test('the runtime starts beside its sandbox and is not held back until that is up', () => {
  const { pod, sandbox } = podOf();
  assert.equal(pod.initContainers.length, 1);
  for (const name of ['startupProbe', 'lifecycle']) assert.ok(!(name in sandbox), name);
});

test('what an Agent asks of a node is for the sandbox, where the work is done', () => {
  const resources = { requests: { memory: '4Gi' } };
  const { sandbox, runtime } = podOf({ resources });
  assert.deepEqual(sandbox.resources, resources);
  assert.deepEqual(runtime.resources, podOf().runtime.resources);
});

test('a task of an Agent that limits nothing fills neither the memory nor the disk of its node', () => {
  const { pod, sandbox, runtime } = podOf();
  for (const { name, resources } of [sandbox, runtime])
    assert.match(resources?.limits?.memory ?? '', /^[1-4]Gi$/, name);
  for (const { name, emptyDir } of pod.volumes)
    assert.ok(emptyDir === undefined || /^\d+Gi$/.test(emptyDir.sizeLimit ?? ''), name);
  assert.equal(pod.volumes.filter(({ emptyDir }) => emptyDir !== undefined).length, 5);
});

test('only an Agent that allows it runs on a node that cannot isolate', () => {
  const tolerated = (allowUnisolated: boolean) =>
    (podOf({ allowUnisolated }).pod.tolerations ?? []).map(({ key }) => key);
  assert.deepEqual(tolerated(false), []);
  assert.deepEqual(tolerated(true), ['rig.dashecorp.com/unisolated']);
});
