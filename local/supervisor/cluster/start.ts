import type { KubeObject } from '#lib/kube';
import { checkout } from '../checkout.ts';
import type { Context } from '../context.ts';
import { TENANT } from '../tenant/objects.ts';
import { applyAll } from './apply.ts';
import type { Cluster } from './cluster.ts';
import { startEmbedded, writePersonKubeconfig } from './embedded.ts';
import { openExisting } from './existing.ts';
import { renderKustomization } from './manifests.ts';

/** The cluster to work with, with everything of `config/local` in it. An embedded one also gets its person a kubeconfig. */
export async function startCluster(context: Context, progress: (line: string) => void): Promise<Cluster> {
  const { context: name } = context.options;
  context.store.update({ context: name ?? null });
  if (name !== undefined) return install(context, await openExisting(context, name, progress), []);
  const cluster = await startEmbedded(context, progress);
  await install(context, cluster, [PERSON]);
  await writePersonKubeconfig(context, cluster, TENANT);
  return cluster;
}

async function install(context: Context, cluster: Cluster, more: readonly KubeObject[]): Promise<Cluster> {
  const objects = await renderKustomization(cluster.binary, checkout('config', 'local'));
  await applyAll(cluster.client, [...objects, ...more], context.signal);
  return cluster;
}

/** Who holds the kubeconfig in the data directory may do everything: it is their cluster. */
const PERSON: KubeObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'rig:root' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'rig:root' }],
} as KubeObject;
