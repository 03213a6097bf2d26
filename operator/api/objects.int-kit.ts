import { type Agent, annotations, apiVersion, type Issue, labels, type Repository } from '#crds';
import { type KubeObject, SECRETS } from '#lib/kube';
import { AGENTS, ISSUES, REPOSITORIES } from '../objects.ts';
import type { TestConductor } from './conductor.int-kit.ts';

/** Whose token at the test forge a Secret of the tests holds. */
const HOLDERS = { 'forge-conductor': 'boss', 'forge-dev-e': 'dev', 'forge-review-e': 'reviewer' } as const;

/** Secrets, Repository `widgets` and Agents dev-e and review-e, as a person applies them. */
export async function applyTenant(rig: TestConductor, change: Partial<Repository['spec']> = {}): Promise<void> {
  const { client, namespace, world } = rig;
  for (const [name, login] of Object.entries(HOLDERS))
    await client.create(SECRETS, forgeSecret(rig, name, world.tokens.get(login)!));
  await client.create(REPOSITORIES, repositoryObject(rig, 'widgets', change));
  await client.create(AGENTS, agentObject(namespace, 'dev-e', 'developer'));
  await client.create(AGENTS, agentObject(namespace, 'review-e', 'reviewer'));
}

export function forgeSecret({ namespace, world }: TestConductor, name: string, token: string, host?: string) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: { [labels.forge]: 'github' },
      annotations: { [annotations.forgeHost]: host ?? new URL(world.forge.apiURL).host },
    },
    data: { token: Buffer.from(token).toString('base64') },
  } as KubeObject;
}

export function repositoryObject(
  { namespace, world }: TestConductor,
  name: string,
  change: Partial<Repository['spec']> = {},
): Repository & KubeObject {
  const spec = {
    forge: 'github',
    owner: 'acme',
    name: 'widgets',
    apiURL: world.forge.apiURL,
    cloneURL: `${world.forge.url}/acme/widgets.git`,
    defaultBranch: 'main',
    credentialsSecretRef: { name: 'forge-conductor' },
    blockLabels: [],
    intakeLabel: 'rig',
    mergeMethod: 'squash',
    raise: [],
    protectedPaths: [],
    requiredChecks: { kind: 'none' },
    enforcement: { kind: 'none', because: 'These tests are about something else' },
    slo: { kind: 'none' },
    deploy: { kind: 'none' },
    agents: [],
    defaults: { stack: 'node' },
    ...change,
  };
  return { apiVersion, kind: 'Repository', metadata: { name, namespace }, spec } as unknown as Repository & KubeObject;
}

export function agentObject(
  namespace: string,
  name: string,
  role: string,
  change: Partial<Agent['spec']> = {},
): Agent & KubeObject {
  const spec = {
    role,
    stacks: ['node'],
    image: 'rig-agent-runtime:node',
    models: { default: { provider: 'anthropic', model: 'a-model' } },
    fallbacks: [],
    billing: 'metered',
    caps: { perTaskUSD: 2, perSessionUSD: 15 },
    attempts: 3,
    concurrency: 20,
    dispatch: 'push',
    nodeSelector: {},
    tolerations: [],
    allowUnisolated: true,
    forgeCredentialsSecretRef: { name: `forge-${name}` },
    forbids: [],
    suspend: false,
    ...change,
  };
  return { apiVersion, kind: 'Agent', metadata: { name, namespace }, spec } as unknown as Agent & KubeObject;
}

export async function applyIssue(rig: TestConductor, name: string, change: Partial<Issue['spec']> = {}) {
  const spec = {
    repositoryRef: { name: 'widgets' },
    title: `Mend ${name}`,
    body: 'It is broken.',
    labels: [],
    source: 'kubectl',
    priority: 'normal',
    dependsOn: [],
    suspend: false,
    ...change,
  };
  const object = { apiVersion, kind: 'Issue', metadata: { name, namespace: rig.namespace }, spec };
  return rig.client.create(ISSUES, object as unknown as Issue & KubeObject);
}
