import type { AskedWrite } from './asked.ts';

interface Errand {
  readonly operation: AskedWrite['operation'];
  /** Default every kind. */
  readonly kinds?: readonly string[];
  readonly name?: string;
}

/**
 * What the controllers of a cluster do because of what was decided elsewhere, by the name of their ServiceAccount in kube-system:
 * the end of a namespace ends what is in it, the end of an owner ends what it owns, a claim is bound to a volume. None of them makes
 * anything of what somebody wrote that consent is asked for: a CronJob's Jobs are asked for like anybody's.
 */
const ERRANDS: Readonly<Record<string, readonly Errand[]>> = {
  'namespace-controller': [{ operation: 'DELETE' }],
  'generic-garbage-collector': [{ operation: 'DELETE' }],
  'ttl-after-finished-controller': [{ operation: 'DELETE', kinds: ['Job'] }],
  'cronjob-controller': [{ operation: 'DELETE', kinds: ['Job'] }],
  'service-account-controller': [{ operation: 'CREATE', kinds: ['ServiceAccount'], name: 'default' }],
  'statefulset-controller': [{ operation: 'CREATE', kinds: ['PersistentVolumeClaim'] }],
  'ephemeral-volume-controller': [{ operation: 'CREATE', kinds: ['PersistentVolumeClaim'] }],
  'persistent-volume-binder': [{ operation: 'UPDATE', kinds: ['PersistentVolumeClaim', 'PersistentVolume'] }],
  'clusterrole-aggregation-controller': [{ operation: 'UPDATE', kinds: ['ClusterRole'] }],
};
const SYSTEM = 'system:serviceaccount:kube-system:';
/** All of them, in a cluster that does not give each a name of its own. */
const TOGETHER = 'system:kube-controller-manager';

/** Whether a controller of the cluster carries out what was decided elsewhere. */
export function carriesOut({ user, operation, kind, name }: AskedWrite): boolean {
  const controller = user.startsWith(SYSTEM) ? user.slice(SYSTEM.length) : null;
  const errands =
    user === TOGETHER
      ? Object.values(ERRANDS).flat()
      : controller !== null && Object.hasOwn(ERRANDS, controller)
        ? ERRANDS[controller]!
        : [];
  return errands.some(
    (errand) =>
      errand.operation === operation &&
      (errand.kinds?.includes(kind) ?? true) &&
      (errand.name === undefined || errand.name === name),
  );
}
