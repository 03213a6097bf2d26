import { annotations } from '#crds';
import type { KubeObject, Resource } from '#lib/kube';

/** Who wrote which fields, and when. */
interface ManagedFields {
  time?: string | Date;
  subresource?: string;
  fieldsV1?: object;
}

/** A Deployment or DaemonSet, as far as it is read. */
export interface Workload extends KubeObject {
  metadata: KubeObject['metadata'] & { managedFields?: ManagedFields[] };
  spec?: {
    template?: {
      metadata?: { annotations?: Record<string, string> };
      spec?: { containers?: { image?: string }[] };
    };
  };
}

const workload = (plural: string, kind: string): Resource<Workload> => ({
  group: 'apps',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});

/** What a Canary may target and that has a pod template, by kind. */
export const WORKLOADS: ReadonlyMap<string, Resource<Workload>> = new Map([
  ['Deployment', workload('deployments', 'Deployment')],
  ['DaemonSet', workload('daemonsets', 'DaemonSet')],
]);

const SHA = /^[0-9a-f]{40}$/;

/**
 * The commit that a workload's pods are made from: what the annotation of its pod template says, else the commit in the tag of an image; null where
 * neither names one, or images name several. Flagger copies both to the primary workload.
 */
export function revisionOf({ spec }: Workload): string | null {
  const said = spec?.template?.metadata?.annotations?.[annotations.revision];
  if (said !== undefined) return SHA.test(said) ? said : null;
  const tags = (spec?.template?.spec?.containers ?? []).flatMap(({ image = '' }) => commitIn(image));
  return new Set(tags).size === 1 ? tags[0]! : null;
}

/** Commits in an image's tag: a digest behind it is none. */
function commitIn(image: string): string[] {
  const [name = ''] = image.split('@');
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? '';
  return [...tag.matchAll(/(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])/g)].map(([sha]) => sha);
}

/** When the pod template was applied last, in ms: whole seconds, as the API server keeps them. Null where nobody can tell. */
export function templateTime({ metadata }: Workload): number | null {
  const times = (metadata.managedFields ?? [])
    .filter(({ subresource, fieldsV1 }) => !subresource && ownsTemplate(fieldsV1))
    .map(({ time }) => new Date(time ?? Number.NaN).getTime());
  return times.length === 0 || times.some(Number.isNaN) ? null : Math.max(...times);
}

function ownsTemplate(fields: unknown): boolean {
  const spec = (fields as Record<string, unknown> | undefined)?.['f:spec'] as Record<string, unknown> | undefined;
  return spec?.['f:template'] !== undefined;
}
