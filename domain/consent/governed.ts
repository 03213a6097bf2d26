import { type GovernedManifest, labels } from '#crds';
import type { AskedWrite } from './asked.ts';

/** What one TierPolicy lists. */
export interface ListedManifests {
  /** Name of the policy; null for what holds whatever policies list. */
  readonly policy: string | null;
  readonly manifests: readonly GovernedManifest[];
}

/** Tiers that ask for consent by their label; in the lower one a machine vouches beside the person. */
const LABELLED = ['T3', 'T2'] as const;
const EVERY: GovernedManifest['operations'] = ['CREATE', 'UPDATE', 'DELETE'];

/**
 * What needs consent whatever TierPolicies list, and where there is none. What a policy lists adds to it: that somebody listed one kind, or nothing, must not
 * mean that nothing else counts.
 */
export const builtInManifests: readonly GovernedManifest[] = [
  {
    group: '',
    kinds: ['Secret', 'ServiceAccount', 'Namespace', 'PersistentVolume', 'PersistentVolumeClaim'],
    operations: EVERY,
  },
  {
    group: 'rbac.authorization.k8s.io',
    kinds: ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
    operations: EVERY,
  },
  { group: 'apiextensions.k8s.io', kinds: ['CustomResourceDefinition'], operations: EVERY },
  { group: 'apps', kinds: ['StatefulSet'], operations: ['DELETE'] },
  { group: 'batch', kinds: ['Job'], operations: EVERY, labels: { 'rig.dashecorp.com/migration': 'true' } },
];

/**
 * Why a write in a governed place needs consent, in half a sentence; null where it needs none. A label can only add to what needs
 * it: the object as it is counts as much as the object as it would be, so taking a label off, or deleting what has it, is asked for.
 */
export function whyGoverned(asked: AskedWrite, listed: readonly ListedManifests[]): string | null {
  const tier = LABELLED.find((one) => isLabelled(asked, one));
  if (tier !== undefined) return `it is labelled ${labels.tier}: ${tier}`;
  const known = [...listed, { policy: null, manifests: builtInManifests }];
  const found = known.find(({ manifests }) => manifests.some((entry) => isAbout(entry, asked)));
  if (found === undefined) return null;
  return found.policy === null ? 'it is of what every rig guards' : `TierPolicy ${found.policy} lists it`;
}

/**
 * Whether a listed machine has to vouch for it beside the person: it is, or was, labelled T2. A change of T2 takes two attestors wherever it is asked for,
 * and a higher label put beside it takes none of them away.
 */
export function wantsMachine(asked: AskedWrite): boolean {
  return isLabelled(asked, 'T2');
}

function isLabelled({ object, oldObject }: AskedWrite, tier: string): boolean {
  return [object, oldObject].some((side) => side?.metadata.labels?.[labels.tier] === tier);
}

function isAbout(
  { group, kinds, operations, namespaces, labels: wanted = {} }: GovernedManifest,
  asked: AskedWrite,
): boolean {
  const { operation, namespace, object, oldObject } = asked;
  if (group !== asked.group || !kinds.includes(asked.kind) || !operations.includes(operation)) return false;
  if (namespaces !== undefined && (namespace === null || !namespaces.includes(namespace))) return false;
  return [object, oldObject].some(
    (side) =>
      side !== null && Object.entries(wanted).every(([label, value]) => side.metadata.labels?.[label] === value),
  );
}
