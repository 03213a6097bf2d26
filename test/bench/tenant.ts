import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, apiVersion, type Issue, type Repository, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import { isConditionTrue, type KubeClient } from '#lib/kube';
import type { RigProcess } from './rig.ts';

const AGENT = 'bench';
const AT_ONCE = 4;

/** Where the rig's issues are, and how to make more of them. */
export interface Tenant {
  readonly namespace: string;
  readonly repository: string;
  /** Files `count` issues at the forge, without the intake label; their numbers. */
  fileForgeIssues(count: number): Promise<number[]>;
  /** Gives the work to an Agent whose pods fit no node: every Job is made, and none takes the machine's time. */
  replaceDeveloper(): Promise<void>;
  /** An Issue for what is filed under this number. */
  issue(number: number): Issue;
}

export async function openTenant(rig: RigProcess, client: KubeClient, signal: AbortSignal): Promise<Tenant> {
  const { namespace, repository } = requireUp(rig.layout).tenant;
  const { spec } = await client.get<Repository>(resources.Repository, { namespace, name: repository });
  const token = readFileSync(join(rig.layout.secrets, 'forge-token-you'), 'utf8');
  const file = async (title: string): Promise<number> => {
    const response = await fetch(`${spec.apiURL}/repos/${spec.owner}/${spec.name}/issues`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title, body: 'Filed to see how soon it is worked on.' }),
      signal,
    });
    if (!response.ok) throw new Error(`the forge answered ${response.status} to a new issue: ${await response.text()}`);
    return ((await response.json()) as { number: number }).number;
  };
  return {
    namespace,
    repository,
    async fileForgeIssues(count) {
      const numbers: number[] = [];
      let next = 1;
      const worker = async () => {
        while (next <= count) numbers.push(await file(`Bench issue ${next++}`));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return numbers;
    },
    async replaceDeveloper() {
      await client.create<Agent>(resources.Agent, agentOf(namespace));
      await client.patch(resources.Agent, { namespace, name: 'dev-e' }, { spec: { suspend: true } });
      for (const name of [AGENT, 'dev-e']) await untilJudged(client, { namespace, name }, signal);
    },
    issue: (number) =>
      ({
        apiVersion,
        kind: 'Issue',
        metadata: { name: `bench-${number}`, namespace },
        spec: { repositoryRef: { name: repository }, number, title: `Bench issue ${number}`, source: 'kubectl' },
      }) as Issue,
  };
}

function agentOf(namespace: string): Agent {
  return {
    apiVersion,
    kind: 'Agent',
    metadata: { name: AGENT, namespace },
    spec: {
      role: 'developer',
      stacks: ['node'],
      image: 'rig-agent-runtime:node',
      models: { default: { provider: 'anthropic', model: 'claude-sonnet-4-6' } },
      caps: { perTaskUSD: 1, perSessionUSD: 1 },
      forgeCredentialsSecretRef: { name: 'forge-dev-e' },
      concurrency: 1_000,
      nodeSelector: { 'rig.dashecorp.com/bench': 'nowhere' },
    },
  } as unknown as Agent;
}

/** Resolves when the conductor has judged the Agent as it is now. */
async function untilJudged(
  client: KubeClient,
  ref: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  const seen = new AbortController();
  await client.watch<Agent>(resources.Agent, {
    namespace: ref.namespace,
    signal: AbortSignal.any([seen.signal, signal]),
    onEvent: (_type, { metadata, status }) => {
      const judged = status?.observedGeneration === metadata.generation && isConditionTrue(status?.conditions, 'Ready');
      if (metadata.name === ref.name && judged) seen.abort();
    },
  });
  signal.throwIfAborted();
  if (!seen.signal.aborted) throw new Error(`the conductor has not judged Agent ${ref.name}`);
}
