import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fieldManagers } from '#crds';
import { makeAuthority } from '#lib/authority';
import type { Layout } from '#lib/datadir';
import type { KubeObject, Resource } from '#lib/kube';
import { checkout } from '../checkout.ts';
import type { Cluster } from './cluster.ts';
import { writePrivately } from './identities.ts';
import { parseManifests } from './manifests.ts';

const CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

interface Configuration extends KubeObject {
  webhooks: { clientConfig: { service?: { path: string } } }[];
}

/** The folder of the authority by which the API server of this machine knows the verifier, made once for each data directory. */
export async function authorityDir(layout: Layout): Promise<string> {
  const folder = join(layout.secrets, 'verifier-authority');
  // The key comes first: a certificate without one would be taken for a whole authority.
  if (existsSync(join(folder, 'tls.crt'))) return folder;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { certificate, key } = await makeAuthority('rig-verifier admission', Date.now());
  writePrivately(join(folder, 'tls.key'), key);
  writePrivately(join(folder, 'tls.crt'), certificate);
  return folder;
}

/**
 * Has the API server ask the verifier at this port before it writes what `config/admission/webhooks` names. There are no Services on one machine: the
 * same paths are called by URL. Throws KubeError.
 */
export async function askVerifier({ client }: Pick<Cluster, 'client'>, layout: Layout, port: number): Promise<void> {
  const caBundle = readFileSync(join(await authorityDir(layout), 'tls.crt')).toString('base64');
  const text = readFileSync(checkout('config', 'admission', 'webhooks', 'webhooks.yaml'), 'utf8');
  const found = parseManifests(text).filter(({ kind }) => kind === CONFIGURATIONS.kind) as Configuration[];
  for (const { webhooks, ...object } of found) {
    const called = webhooks.map(({ clientConfig, ...webhook }) => ({
      ...webhook,
      clientConfig: { url: `https://127.0.0.1:${port}${clientConfig.service!.path}`, caBundle },
    }));
    const wanted = { ...object, webhooks: called } as KubeObject;
    await client.apply(CONFIGURATIONS, wanted, { fieldManager: fieldManagers.local, force: true });
  }
}
