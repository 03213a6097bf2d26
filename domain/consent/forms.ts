import { labels } from '#crds';
import type { Manifest } from '../approval/manifest.ts';

/** Labels that ask for consent, and the values with which they do. */
const GUARDS: Readonly<Record<string, readonly string[]>> = {
  [labels.governed]: ['true'],
  [labels.tier]: ['T3', 'T2'],
};
/** What the controller that binds volumes notes, beside what means nothing to anybody. */
const NOTED = ['pv.kubernetes.io/bound-by-controller', 'pv.kubernetes.io/migrated-to'];

/** Whether a label asks for consent from now on, with this value: putting it on needs none. */
export function isGuard(label: string, value: string): boolean {
  return Object.hasOwn(GUARDS, label) && GUARDS[label]!.includes(value);
}

/**
 * What consent to an object may have named that is now as it is: the object itself, and what it was before anything was done to it that nobody is asked
 * about, which is a label that asks for consent, and what controllers of the cluster write beside status (a claim and a volume that are bound to each
 * other, the rules of a role that gathers others'). Each may be one that nobody ever signed.
 */
export function signedForms(object: Manifest): readonly Manifest[] {
  const labelled = Object.keys(GUARDS).reduce(
    (forms, label) => forms.flatMap((form) => [form, withoutLabel(form, label)]),
    [object],
  );
  return labelled.flatMap((form) => [form, ...beforeControllers(form)]);
}

function withoutLabel(object: Manifest, label: string): Manifest {
  const { [label]: _, ...rest } = object.metadata.labels ?? {};
  return { ...object, metadata: { ...object.metadata, labels: rest } };
}

function beforeControllers(object: Manifest): Manifest[] {
  switch (`${object.apiVersion}/${object.kind}`) {
    case 'v1/PersistentVolumeClaim':
      return [withSpec(unnoted(object), { volumeName: undefined }), unnoted(object)];
    case 'v1/PersistentVolume':
      return claimsOf(object).map((claimRef) => withSpec(unnoted(object), { claimRef }));
    case 'rbac.authorization.k8s.io/v1/ClusterRole':
      if (object.aggregationRule === undefined || object.aggregationRule === null) return [];
      return [undefined, []].map((rules) => ({ ...object, rules }));
    default:
      return [];
  }
}

/** A volume may have been signed for no claim, or for one of which the cluster knows more by now. */
function claimsOf({ spec }: Manifest): readonly unknown[] {
  const { claimRef } = (spec ?? {}) as { claimRef?: Readonly<Record<string, unknown>> };
  if (claimRef === undefined || claimRef === null) return [undefined];
  const { apiVersion, kind, name, namespace } = claimRef;
  return [undefined, { name, namespace }, { apiVersion, kind, name, namespace }, claimRef];
}

function withSpec(object: Manifest, spec: object): Manifest {
  return { ...object, spec: { ...(object.spec as object | undefined), ...spec } };
}

function unnoted(object: Manifest): Manifest {
  const annotations = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => !NOTED.includes(key));
  return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(annotations) } };
}
