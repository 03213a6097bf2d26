import { fieldManagers } from '#crds';
import { type Layout, readState, requireUp, type State } from '#lib/datadir';
import { KubeClient, loadKubeConfig } from '#lib/kube';

/** The cluster of a rig that is up, as the person. Throws DataDirError NotUp, KubeError Config. */
export function openCluster(layout: Layout): { client: KubeClient; state: State } {
  const state = requireUp(layout);
  return { client: clientOf(layout, state.context), state };
}

/** As {@link openCluster} for a rig that need not be up. */
export function clientOf(layout: Layout, context = readState(layout)?.context ?? null): KubeClient {
  const config = context === null ? loadKubeConfig({ path: layout.kubeconfig }) : loadKubeConfig({ context });
  return new KubeClient(config, { fieldManager: fieldManagers.cli });
}
