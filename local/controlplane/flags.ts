import { join } from 'node:path';
import type { Ports } from './ports.ts';

export type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** Where a control plane keeps its things under its data directory. */
export interface Layout {
  readonly etcd: string;
  readonly pki: string;
  readonly log: string;
  readonly kubeconfig: (component: Component) => string;
}

export const layoutOf = (dataDir: string): Layout => ({
  etcd: join(dataDir, 'etcd'),
  pki: join(dataDir, 'pki'),
  log: join(dataDir, 'log'),
  kubeconfig: (component) => join(dataDir, 'pki', `${component}.kubeconfig`),
});

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

export function etcdFlags(layout: Layout, ports: Ports, fsync: boolean): string[] {
  const pki = (name: string) => join(layout.pki, name);
  return [
    `--data-dir=${layout.etcd}`,
    `--client-port=${ports.etcdClient}`,
    `--peer-port=${ports.etcdPeer}`,
    `--ca-file=${pki('etcd-ca.crt')}`,
    `--cert-file=${pki('etcd.crt')}`,
    `--key-file=${pki('etcd.key')}`,
    `--unsafe-no-fsync=${!fsync}`,
  ];
}

export function apiserverFlags(layout: Layout, ports: Ports): string[] {
  const pki = (name: string) => join(layout.pki, name);
  return [
    `--etcd-servers=https://127.0.0.1:${ports.etcdClient}`,
    `--etcd-cafile=${pki('etcd-ca.crt')}`,
    `--etcd-certfile=${pki('apiserver-etcd-client.crt')}`,
    `--etcd-keyfile=${pki('apiserver-etcd-client.key')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.apiserver}`,
    // Left out, the API server looks for a routed address and does not start on a machine without a network.
    '--advertise-address=192.0.2.1',
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    '--anonymous-auth=false',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-certificate-authority=${pki('ca.crt')}`,
    `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--service-account-issuer=${ISSUER}`,
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    // A token bound to a pod lives as long as it says; the default stretches some to a year.
    '--service-account-extend-token-expiration=false',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--profiling=false',
  ];
}

export function controllerManagerFlags(layout: Layout): string[] {
  const pki = (name: string) => join(layout.pki, name);
  return [
    ...clientFlags(layout.kubeconfig('kube-controller-manager')),
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--use-service-account-credentials=true',
  ];
}

export const schedulerFlags = (layout: Layout): string[] => clientFlags(layout.kubeconfig('kube-scheduler'));

const clientFlags = (kubeconfig: string) => [
  `--kubeconfig=${kubeconfig}`,
  '--kube-api-qps=200',
  '--kube-api-burst=400',
  // One instance: no election to wait for, and no port to serve on.
  '--leader-elect=false',
  '--secure-port=0',
  '--profiling=false',
];
