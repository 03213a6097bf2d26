import { readFile } from 'node:fs/promises';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { ensureBinary } from '../../hack/go/build.mjs';
import { connect, type Kubeconfig } from '../../local/controlplane/index.ts';
import type { Administered } from '../kit/kubelet-process.ts';
import type { RigProcess } from './rig.ts';

/** The rig's cluster as the person who runs it. */
export async function administered(rig: RigProcess): Promise<Administered> {
  const kubeconfig = JSON.parse(await readFile(rig.layout.kubeconfig, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = kubeconfig.clusters[0].cluster;
  const { user } = kubeconfig.users[0];
  const decode = (data = '') => Buffer.from(data, 'base64').toString('utf8');
  const api = connect(
    { url: server, caPEM: decode(ca) },
    { certPEM: decode(user['client-certificate-data']), keyPEM: decode(user['client-key-data']) },
  );
  return { api, kubeconfig, binary: await ensureBinary('controlplane') };
}

/** A client in the conductor's name: nobody else may write what a status says. */
export function asConductor(rig: RigProcess): KubeClient {
  const impersonate = 'system:serviceaccount:rig-system:rig-conductor';
  return new KubeClient(loadKubeConfig({ path: rig.layout.kubeconfig, impersonate }));
}
