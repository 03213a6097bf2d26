import type { KubeObject } from '#lib/kube';
import { checkout } from '../checkout.ts';
import type { Context } from '../context.ts';
import { TENANT } from '../tenant/objects.ts';
import { applyAll } from './apply.ts';
import { type EmbeddedCluster, startEmbedded, writePersonKubeconfig } from './embedded.ts';
import { renderKustomization } from './manifests.ts';

/** The API server with everything of `config/default` in it, and the person's kubeconfig beside it. */
export async function startCluster(context: Context, progress: (line: string) => void): Promise<EmbeddedCluster> {
  const cluster = await startEmbedded(context, progress);
  const objects = await renderKustomization(cluster.binary, checkout('config', 'default'));
  await applyAll(cluster.client, [...objects, PERSON], context.signal);
  await writePersonKubeconfig(context, cluster, TENANT);
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
