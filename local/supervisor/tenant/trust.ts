import { stringify } from 'yaml';
import { trustObjects } from '#crds';
import { CONFIG_MAPS, isKubeError, KubeClient, type KubeObject, loadKubeConfig, type Resource } from '#lib/kube';
import type { Context } from '../context.ts';
import type { ForgeAddress } from '../programs/forge.ts';
import type { TrustAddress } from '../programs/trust.ts';
import { ACCOUNTS } from './accounts.ts';
import { forgeCalls } from './forge-admin.ts';
import { OWNER } from './repository.ts';
import type { Source } from './source.ts';

interface ConfigMap extends KubeObject {
  data: Record<string, string>;
}

const MAPS = CONFIG_MAPS as Resource<ConfigMap>;

/** As a certificate names a workflow. */
interface Machine {
  readonly issuer: string;
  readonly subject: string;
}

/** As whom the forge's runner signs for what it has tested of the rig's repository. */
export async function runnerIdentity(
  { signal }: Pick<Context, 'signal'>,
  forge: ForgeAddress,
  { name }: Pick<Source, 'name'>,
): Promise<Machine> {
  const path = `/repositories/${OWNER}/${name}/ci`;
  return (await forgeCalls(forge, signal).admin<{ attestor: Machine }>('GET', path)).attestor;
}

/**
 * Says that the person of this machine may approve, and that the forge's runner vouches as a machine, under the root of what signs here, as that person:
 * only `rig:root` may. What is there already is theirs and stays. A cluster that was there before has people and a root of its own.
 */
export async function seedTrust(
  { layout, options }: Context,
  { url, email, root }: TrustAddress,
  machine: Machine,
): Promise<void> {
  if (options.context !== undefined) return;
  const person = { subject: email, issuer: url, logins: [ACCOUNTS.you.login], groups: ['rig:root'] };
  const { namespace, humans, machines, root: trusted } = trustObjects;
  const client = new KubeClient(loadKubeConfig({ path: layout.kubeconfig }));
  try {
    for (const [{ name, key }, text] of [
      [humans, stringify({ humans: [person] })],
      [machines, stringify({ machines: [machine] })],
      [trusted, root],
    ] as const) {
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { [key]: text } };
      await client.create(MAPS, map).catch((error: unknown) => {
        if (!isKubeError(error, 'AlreadyExists')) throw error;
      });
    }
  } finally {
    await client.close();
  }
}
