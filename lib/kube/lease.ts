import type { KubeClient } from './client.ts';
import { formatMicroTime } from './clock.ts';
import type { ListWatchClient } from './reflector.ts';
import { LEASES } from './resource.ts';
import type { KubeObject, Resource } from './types.ts';

/** coordination.k8s.io/v1 Lease. Its times are strings here: the library's typed client wants a V1MicroTime and returns text. */
export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export const LEASE = LEASES as Resource<Lease>;

/** The calls leader election needs; KubeClient has them. */
export type LeaseClient = ListWatchClient & Pick<KubeClient, 'find' | 'create' | 'replace'>;

/** What the next holder writes. `epoch` becomes leaseTransitions. */
export function acquired(
  lease: Lease | undefined,
  at: { namespace: string; name: string },
  identity: string,
  epoch: number,
  durationMs: number,
  date: Date,
): Lease {
  const time = formatMicroTime(date);
  return {
    ...lease,
    metadata: lease?.metadata ?? { namespace: at.namespace, name: at.name },
    spec: {
      ...lease?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1000)),
      acquireTime: time,
      renewTime: time,
      leaseTransitions: epoch,
    },
  };
}

/** What the holder writes to keep it. */
export function renewed(lease: Lease, date: Date): Lease {
  return { ...lease, spec: { ...lease.spec, renewTime: formatMicroTime(date) } };
}

/** What the holder writes to let go: nobody holds it, the epoch stays. */
export function released(lease: Lease, date: Date): Lease {
  const { holderIdentity: _, ...spec } = lease.spec ?? {};
  return { ...lease, spec: { ...spec, leaseDurationSeconds: 1, renewTime: formatMicroTime(date) } };
}
