import type { Command } from 'commander';
import { fieldManagers, trustObjects } from '#crds';
import { makeAuthority } from '#lib/authority';
import { KubeClient, type KubeObject, loadKubeConfig, type Resource, SECRETS } from '#lib/kube';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { openCluster } from '../cluster.ts';
import { type CommonOptions, layoutOfOptions, withCommonOptions } from '../options.ts';

const CONFIGURATIONS: Resource<Configuration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};
/** The second is there where the owners of a cluster want all of it governed. */
const NAMES = ['rig-verifier', 'rig-verifier-cluster'];
const AUTHORITY = { namespace: trustObjects.namespace, name: 'rig-verifier-authority' };
/** What is told to trust the authority may call others too, as Kyverno does: it vouches for nobody else. */
const DOMAIN = `${trustObjects.namespace}.svc`;

interface Configuration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

interface TrustOptions extends CommonOptions {
  readonly context?: string;
}

export function addAdmission(program: Command): void {
  const admission = program
    .command('admission')
    .description('what the verifier is asked before anything is written in a governed namespace');
  withCommonOptions(admission.command('trust'))
    .description('have the API server trust the verifier, as a person of the group rig:root')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig')
    .action(trust);
}

async function trust(options: TrustOptions): Promise<void> {
  const { context } = options;
  const client =
    context === undefined
      ? openCluster(layoutOfOptions(options)).client
      : new KubeClient(loadKubeConfig({ context }), { fieldManager: fieldManagers.cli });
  try {
    const { made, configurations } = await trustAdmission(client, Date.now());
    const what = made ? 'A new authority was made' : 'The authority was there already';
    createTerminal(options).result(
      { made, configurations },
      `${what}; the API server trusts what it issues for ${configurations.join(' and ')}.`,
    );
  } finally {
    await client.close();
  }
}

/**
 * Makes the authority by which the API server knows the verifier, where there is none, and has the webhooks trust it. Nothing that runs in
 * the cluster may do so, since who may change these webhooks can take them away. Safe to repeat. Throws ExitError NotDone where the webhooks are
 * not installed, KubeError.
 */
export async function trustAdmission(
  client: Pick<KubeClient, 'find' | 'create' | 'apply'>,
  now: number,
): Promise<{ readonly made: boolean; readonly configurations: readonly string[] }> {
  const found = await Promise.all(NAMES.map((name) => client.find(CONFIGURATIONS, { name })));
  const configurations = found.filter((one) => one !== undefined);
  if (found[0] === undefined)
    throw new ExitError(
      ExitCode.NotDone,
      'There is no ValidatingWebhookConfiguration rig-verifier in this cluster; install the rig first (docs/install.md).',
    );
  const known = (await client.find(SECRETS as Resource<Secret>, AUTHORITY))?.data?.['tls.crt'];
  const caBundle = known ?? (await makeSecret(client, now));
  for (const { metadata, webhooks = [] } of configurations) {
    const told = webhooks.map(({ name }) => ({ name, clientConfig: { caBundle } }));
    const object = { metadata: { name: metadata.name! }, webhooks: told } as Configuration;
    await client.apply(CONFIGURATIONS, object, { fieldManager: fieldManagers.cli, force: true });
  }
  return { made: known === undefined, configurations: configurations.map(({ metadata }) => metadata.name!) };
}

async function makeSecret(client: Pick<KubeClient, 'create'>, now: number): Promise<string> {
  const authority = await makeAuthority('rig-verifier admission', now, DOMAIN);
  const encode = (text: string) => Buffer.from(text).toString('base64');
  const data = { 'tls.crt': encode(authority.certificate), 'tls.key': encode(authority.key) };
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: AUTHORITY, type: 'kubernetes.io/tls', data };
  await client.create<Secret>(SECRETS as Resource<Secret>, secret);
  return data['tls.crt'];
}
