import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Agent, apiVersion, type Issue, resources } from '#crds';
import { KubeClient, type KubeObject, loadKubeConfig, type ObjectRef, type Resource } from '#lib/kube';
import { served } from '../crds/fixtures.int-kit.ts';
import { agentObject } from '../operator/api/objects.int-kit.ts';
import { testCluster, testNamespace } from '../test/kit/cluster.ts';
import { acknowledge } from './commands/ack.ts';
import { askPreparation } from './commands/prepare.ts';
import { say } from './commands/trust-say.ts';

const root = join(import.meta.dirname, '..');
const issue = {
  resource: resources.Issue as Resource<Issue & KubeObject>,
  spec: { repositoryRef: { name: 'widgets' }, title: 'Sign in' },
};
const driven = { phase: 'AwaitingHuman', effectiveTier: 'T3' };
const escalation = { gate: 1, since: '2026-03-02T12:00:00Z' };
const agent = {
  resource: resources.Agent as Resource<Agent & KubeObject>,
  spec: agentObject('tenant', 'dev-e', 'developer').spec,
};

for (const [command, policy, { resource, spec }, status, ask] of [
  [
    'prepare',
    'preparations',
    issue,
    driven,
    (client: KubeClient, ref: ObjectRef) => askPreparation(client, ref, 'Go.', 1),
  ],
  [
    'ack',
    'acknowledgements',
    issue,
    { ...driven, escalation },
    (client: KubeClient, ref: ObjectRef) => acknowledge(client, ref, 'On it.', 1),
  ],
  [
    'trust',
    'agent-trust',
    agent,
    {},
    (client: KubeClient, ref: ObjectRef) => say(client, ref, { do: 'ack', model: 'model-1' }, { withinMs: 1 }),
  ],
] as const)
  test(`${command}: what no conductor takes up is gone from the object, as the API server has it under its policy`, async (t) => {
    const cluster = await testCluster();
    for (const from of [
      ['-k', join(root, 'crds')],
      ['-f', join(root, `config/rbac/${policy}.yaml`)],
    ])
      await cluster.kubectl('apply', '--server-side', '--force-conflicts', ...from);
    const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
    t.after(() => client.close());
    const namespace = await testNamespace(t, command);
    await served(client, namespace);
    const ref = { namespace, name: 'asked' };
    const metadata = { ...ref, annotations: { 'example.com/mood': 'fine' } };
    const of = resource as Resource<KubeObject>;
    const made = await client.create(of, { apiVersion, kind: resource.kind, metadata, spec } as KubeObject);
    await client.applyStatus(of, { ...made, status } as KubeObject);
    await assert.rejects(ask(client, ref), /No conductor has recorded it, and it was taken back/);
    assert.deepEqual((await client.get(of, ref)).metadata.annotations, { 'example.com/mood': 'fine' });
  });
