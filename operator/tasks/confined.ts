import { type Agent, taints } from '#crds';

const KEEP_FINISHED_SECONDS = 3_600;

/** A pod that a drain, a preemption or a lost node ended fails its Job with the reason PodFailurePolicy: it says nothing of what ran in it. */
const failurePolicy = {
  rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
};

/** The spec of a Job whose one pod runs once. */
export function onceSpec(template: object): object {
  return {
    backoffLimit: 0,
    podFailurePolicy: failurePolicy,
    ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
    template,
  };
}

/** What a container of such a pod is held to. */
export const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** Where an Agent's pods may run; anywhere that takes all, where there is none. */
export type Placement = Partial<Pick<Agent['spec'], 'nodeSelector' | 'tolerations' | 'allowUnisolated'>>;

/**
 * What every pod has that runs what a model wrote: no token but one that `rest` mounts, an ordinary user, where its Agent's pods may run, and no more
 * rights than Pod Security `restricted` allows. `rest` has its containers and volumes.
 */
export function confinedPod(userId: number, placement: Placement, rest: object): object {
  const { nodeSelector = {}, tolerations = [], allowUnisolated = false } = placement;
  const tolerated = allowUnisolated ? [...tolerations, { ...taints.unisolated, operator: 'Equal' }] : tolerations;
  return {
    restartPolicy: 'Never',
    // Bound to no role; its token is not mounted.
    serviceAccountName: 'rig-agent',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    shareProcessNamespace: false,
    terminationGracePeriodSeconds: 10,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerated.length > 0 ? { tolerations: tolerated } : {}),
    ...rest,
  };
}

/** A volume that ends the pod before it fills the node. */
export function scratch(name: string, sizeLimit: string): object {
  return { name, emptyDir: { sizeLimit } };
}
