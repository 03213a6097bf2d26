import type { Logger } from '#lib/observe';
import { BOOTSTRAP_GROUP } from './access.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { approveNodeCertificates } from './node-approver.ts';
import type { ControlPlane } from './start.ts';

/** A node that may join now. */
export interface Admission {
  /** Good for 15 minutes and for asking certificates only: the kubelet's --bootstrap-kubeconfig. */
  readonly bootstrapKubeconfig: Kubeconfig;
  /** Ends the approving; call it when the node is Ready. Safe to call twice. */
  stop(): Promise<void>;
}

const BOOTSTRAP_TTL_SECONDS = 15 * 60;

/** The user a node asks for its first certificate as. */
export const bootstrapUser = (node: string) => `rig:bootstrap:${node}`;

/** Lets one node of this machine in: its certificate requests are approved until `stop`, as long as they ask for no more than it needs. */
export async function admitNode(plane: ControlPlane, node: string, logger?: Logger): Promise<Admission> {
  const user = bootstrapUser(node);
  const certificate = await plane.issueClientCertificate({
    user,
    groups: [BOOTSTRAP_GROUP],
    ttlSeconds: BOOTSTRAP_TTL_SECONDS,
  });
  const identity = { node, bootstrapUser: user, serveAs: ['127.0.0.1'] };
  const approver = approveNodeCertificates({ api: plane.api, pki: plane.pki, identity, logger });
  return { bootstrapKubeconfig: plane.kubeconfigFor(certificate), stop: () => approver.stop() };
}
