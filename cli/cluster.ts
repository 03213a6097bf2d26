import { fieldManagers } from '#crds';
import { type Layout, readState, requireUp, type State } from '#lib/datadir';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { type CommonOptions, layoutOfOptions } from './options.ts';

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

export interface TenantOptions extends CommonOptions {
  readonly context?: string;
  readonly namespace?: string;
}

/** A tenant of the rig of this machine, or of a rig that is installed in the cluster of a context. */
export interface Tenant {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the rig of this machine; null for one in a cluster. */
  readonly rig: { readonly layout: Layout; readonly state: State } | null;
}

/** Throws DataDirError NotUp, KubeError Config; ExitError `Usage` for a context without a namespace. */
export function openTenant(options: TenantOptions): Tenant {
  const { context, namespace } = options;
  if (context !== undefined) {
    if (namespace === undefined) throw new ExitError(ExitCode.Usage, 'Name the tenant beside --context: --namespace.');
    const client = new KubeClient(loadKubeConfig({ context }), { fieldManager: fieldManagers.cli });
    return { client, namespace, rig: null };
  }
  const layout = layoutOfOptions(options);
  const { client, state } = openCluster(layout);
  return { client, namespace: namespace ?? state.tenant.namespace, rig: { layout, state } };
}
