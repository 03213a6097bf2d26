import { taints } from '#crds';
import type { KubeObject, Verdict } from '#lib/kube';

interface ContainerState {
  state?: { waiting?: { reason?: string; message?: string } };
}

/** A pod, as far as it says why it does not start. */
export interface PodState extends KubeObject {
  spec?: { tolerations?: { key?: string; operator?: string }[] };
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerState[];
    containerStatuses?: ContainerState[];
  };
}

/** Reasons under which a container waits although nothing is wrong. */
const ON_THE_WAY = new Set(['ContainerCreating', 'PodInitializing', undefined]);

/** What keeps a pod from running, in words for the one who waits; null while nothing is wrong. */
export function podProblem(pod: PodState): Verdict | null {
  const { status } = pod;
  const unscheduled = status?.conditions?.find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'False',
  );
  if (unscheduled)
    return {
      state: 'Reconciling',
      reason: 'Unschedulable',
      message: `No node takes the pod: ${unscheduled.message ?? unscheduled.reason}${onIsolation(pod, unscheduled.message)}`,
      ready: 'False',
    };
  // Those of init containers first: while one waits, the others wait for it alone.
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    .map((container) => container.state?.waiting)
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

/** The scheduler says that a taint is in the way, and not which: it may be the one of nodes without walls. */
function onIsolation({ spec }: PodState, said: string | undefined): string {
  const tolerated = spec?.tolerations?.some(({ key }) => key === undefined || key === taints.unisolated.key);
  if (tolerated || !said?.includes('untolerated taint')) return '';
  return ` A node whose condition Isolated is False takes tasks of Agents with allowUnisolated alone ("kubectl describe nodes" says why it is).`;
}
