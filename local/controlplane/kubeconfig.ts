/** A kubeconfig as an object; JSON is YAML, so `JSON.stringify` of it is a valid kubeconfig file. */
export interface Kubeconfig {
  readonly apiVersion: 'v1';
  readonly kind: 'Config';
  readonly clusters: readonly [
    { name: string; cluster: { server: string; 'certificate-authority-data': string; 'tls-server-name'?: string } },
  ];
  readonly users: readonly [{ name: string; user: KubeconfigUser }];
  readonly contexts: readonly [{ name: string; context: { cluster: string; user: string; namespace?: string } }];
  readonly 'current-context': string;
}

export interface KubeconfigUser {
  readonly 'client-certificate-data'?: string;
  readonly 'client-key-data'?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-key'?: string;
  readonly token?: string;
}

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

/** One cluster, one user, one context, all named `name`. */
export function kubeconfig(server: { url: string; caPEM: string }, user: KubeconfigUser, name = 'rig'): Kubeconfig {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: server.url, 'certificate-authority-data': base64(server.caPEM) } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
}

export const certificateUser = (issued: { certPEM: string; keyPEM: string }): KubeconfigUser => ({
  'client-certificate-data': base64(issued.certPEM),
  'client-key-data': base64(issued.keyPEM),
});
