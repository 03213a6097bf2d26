import type { KubeObject, Verdict } from '#lib/kube';

/** A pod, as far as it says why it does not start. */
export interface PodState extends KubeObject {
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: { state?: { waiting?: { reason?: string; message?: string } } }[];
  };
}

/** Reasons under which a container waits although nothing is wrong. */
const ON_THE_WAY = new Set(['ContainerCreating', 'PodInitializing', undefined]);

/** What keeps a pod from running, in words for the one who waits; null while nothing is wrong. */
export function podProblem({ status }: PodState): Verdict | null {
  const unscheduled = status?.conditions?.find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'False',
  );
  if (unscheduled)
    return {
      state: 'Reconciling',
      reason: 'Unschedulable',
      message: `No node takes the pod: ${unscheduled.message ?? unscheduled.reason}`,
      ready: 'False',
    };
  const waiting = status?.containerStatuses
    ?.map((container) => container.state?.waiting)
    .find((one) => !ON_THE_WAY.has(one?.reason));
  if (waiting)
    return {
      state: 'Reconciling',
      reason: 'Dispatched',
      message: `The pod does not start (${waiting.reason}): ${waiting.message ?? 'the node gives no reason'}`,
      ready: 'False',
    };
  return null;
}
