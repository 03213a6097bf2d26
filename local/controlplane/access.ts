import { APPLY, type Api } from './api.ts';

/** Group of the short-lived certificate with which a node asks for its own. */
export const BOOTSTRAP_GROUP = 'system:bootstrappers:rig';

const binding = (name: string, role: string, subject: { kind: 'User' | 'Group'; name: string }) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
});

const bindings = [
  // Logs travel API server → kubelet; the kubelet asks back whether this certificate may read them.
  binding('rig:kubelet-api', 'system:kubelet-api-admin', { kind: 'User', name: 'kube-apiserver-kubelet-client' }),
  binding('rig:node-bootstrap', 'system:node-bootstrapper', { kind: 'Group', name: BOOTSTRAP_GROUP }),
];

/** Grants what the parts of the control plane and joining nodes need beyond Kubernetes' own defaults. Safe to repeat. */
export async function grantAccess(api: Api): Promise<void> {
  await Promise.all(
    bindings.map((object) =>
      api.call(
        'PATCH',
        `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${object.metadata.name}?fieldManager=rig-controlplane&force=true`,
        object,
        APPLY,
      ),
    ),
  );
}
