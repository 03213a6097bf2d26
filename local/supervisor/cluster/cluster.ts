import { fieldManagers } from '#crds';
import { ClusterConfig, KubeClient } from '#lib/kube';

/** What a kubeconfig says about a user; see the reference of kubeconfig (v1). */
export type KubeconfigUser =
  | { readonly tokenFile: string }
  | { readonly token: string }
  | { readonly 'client-certificate-data': string; readonly 'client-key-data': string };

/** A Kubernetes API server this rig works with. */
export interface Cluster {
  readonly serverURL: string;
  /** Undefined where the server's certificate is signed by a public authority. */
  readonly caPEM: string | undefined;
  /** As the administrator, in memory alone. */
  readonly client: KubeClient;
  /** The binary whose first argument `kubectl` makes it kubectl. */
  readonly binary: string;
  /** Lets this machine's node ask for its certificates. */
  admitNode(node: string): Promise<NodeAdmission>;
}

export interface NodeAdmission {
  /** Text of the kubeconfig the node asks with. */
  readonly bootstrapKubeconfig: string;
  /** To be called when the node is ready. */
  done(): Promise<void>;
}

/** A kubeconfig file's text for one user of the cluster. */
export function kubeconfigText(cluster: Cluster, user: KubeconfigUser, namespace?: string): string {
  const name = 'rig';
  const authority =
    cluster.caPEM === undefined ? {} : { 'certificate-authority-data': Buffer.from(cluster.caPEM).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: cluster.serverURL, ...authority } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace ? { namespace } : {}) } }],
    'current-context': name,
  };
  // JSON is YAML.
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A client that logs in with a certificate held in memory. */
export function certificateClient(
  server: { url: string; caPEM: string },
  certificate: { certPEM: string; keyPEM: string },
): KubeClient {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const config = new ClusterConfig(
    { name: 'rig', server: server.url, caData: base64(server.caPEM), skipTLSVerify: false },
    { name: 'admin', certData: base64(certificate.certPEM), keyData: base64(certificate.keyPEM) },
  );
  return new KubeClient(config, { fieldManager: fieldManagers.local });
}
