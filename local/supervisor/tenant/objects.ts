import { type Agent, annotations, apiVersion, labels, type Repository } from '#crds';
import type { Layout } from '#lib/datadir';
import type { KubeObject } from '#lib/kube';
import type { UpOptions } from '../options.ts';
import type { ForgeAddress } from '../programs/forge.ts';
import { type Account, tokenOf } from './accounts.ts';
import { CI_CHECK, OWNER, webhookSecret } from './repository.ts';
import { nameOf, type Source } from './source.ts';

/** The one tenant a rig on one machine has; config/tenant makes it. */
export const TENANT = 'tenant-sample';

const CREDENTIALS = { 'forge-conductor': 'conductor', 'forge-dev-e': 'dev-e', 'forge-review-e': 'review-e' } as const;

/** The forge identities as Secrets that the conductor may read and may send to this forge alone. */
export function secretObjects(layout: Layout, forge: ForgeAddress): KubeObject[] {
  const tokens = Object.entries(CREDENTIALS).map(([name, account]) =>
    forgeSecret(name, forge, { token: tokenOf(layout, account as Account) }),
  );
  return [...tokens, forgeSecret('forge-webhook', forge, { secret: webhookSecret(layout) })];
}

function forgeSecret(name: string, forge: ForgeAddress, stringData: Record<string, string>): KubeObject {
  const data = Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: TENANT,
      labels: { [labels.forge]: 'true' },
      annotations: { [annotations.forgeHost]: forge.host },
    },
    type: 'Opaque',
    data,
  } as KubeObject;
}

/** Name of the Repository that stands for a source. */
export function repositoryName(source: Source): string {
  return nameOf(source.name);
}

/** The Repository at the local forge: tested by the forge's runner, deployed nowhere, without a service level to hold. */
export function repositoryObject(source: Source, forge: ForgeAddress): KubeObject {
  const spec: Partial<Repository['spec']> = {
    forge: 'github',
    apiURL: forge.apiURL,
    owner: OWNER,
    name: source.name,
    cloneURL: `${forge.url}/${OWNER}/${source.name}.git`,
    defaultBranch: source.defaultBranch,
    credentialsSecretRef: { name: 'forge-conductor' },
    webhookSecretRef: { name: 'forge-webhook' },
    requiredChecks: { kind: 'listed', checks: [{ ...CI_CHECK }] },
    slo: { kind: 'none' },
    deploy: { kind: 'none', onFailure: 'reopen', timeoutMinutes: 60 },
    defaults: { stack: 'node', testCommand: source.testCommand },
  };
  return {
    apiVersion,
    kind: 'Repository',
    metadata: { name: repositoryName(source), namespace: TENANT },
    spec,
  } as KubeObject;
}

/** An Agent of the samples; one that may run on a node without walls only where the person accepted that. */
export function agentObject(sample: KubeObject, { allowUnisolated }: Pick<UpOptions, 'allowUnisolated'>): KubeObject {
  if (!allowUnisolated) return sample;
  const agent = sample as KubeObject & Pick<Agent, 'spec'>;
  return { ...agent, spec: { ...agent.spec, allowUnisolated } } as KubeObject;
}
