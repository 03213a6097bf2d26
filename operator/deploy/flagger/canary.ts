import type { StageFacts } from '#domain';
import type { KubeObject } from '#lib/kube';
import type { Contains } from '../port.ts';
import { revisionOf, templateTime, type Workload } from './workload.ts';

/**
 * A Canary of flagger.app/v1beta1, as far as it is read. What its status says: pkg/apis/flagger/v1beta1/status.go and pkg/canary/status.go of Flagger.
 */
export interface Canary extends KubeObject {
  spec?: { targetRef?: { apiVersion?: string; kind?: string; name?: string }; suspend?: boolean };
  status?: {
    phase?: string;
    canaryWeight?: number;
    failedChecks?: number;
    iterations?: number;
    lastAppliedSpec?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  };
}

/** A Canary and the two workloads that it shifts traffic between; the primary one is Flagger's own copy of what was promoted last. */
export interface Rollout {
  readonly canary: Canary;
  readonly target: Workload;
  /** Undefined before Flagger has made it. */
  readonly primary: Workload | undefined;
}

/** Phases in which the primary is being changed, or is not there: what it is made of does not serve everybody yet. */
const MOVING = new Set(['', 'Initializing', 'Promoting', 'Finalising', 'Terminating', 'Terminated']);

/**
 * What a Canary says of revisions. Live is what was promoted: the revision of the primary workload, while it is not being changed. Rejects where
 * `contains` does.
 */
export async function stageOf({ canary, target, primary }: Rollout, contains: Contains): Promise<StageFacts> {
  const { namespace, name } = canary.metadata;
  const environment = `${namespace}/${name}`;
  const phase = canary.status?.phase ?? '';
  const promoted = primary === undefined || MOVING.has(phase) ? null : revisionOf(primary);
  const given = givenUp(canary, target);
  return {
    environment,
    live:
      promoted === null
        ? null
        : {
            revision: promoted,
            contains: await contains(promoted),
            url: null,
            deployment: `${environment}@${promoted}`,
          },
    failed:
      given !== null && (await contains(given.revision))
        ? {
            revision: given.revision,
            deployment: `${environment}@${given.revision}.${canary.status?.lastAppliedSpec ?? ''}`,
            message: given.message,
            aborted: true,
          }
        : null,
    says: saying(canary, target, promoted),
  };
}

/**
 * The revision whose analysis failed; null where none has. Flagger names no revision: the target's is the one only if it was there before Flagger gave
 * up. Flagger goes on writing the rest of a failed status, so that only its condition tells when that was, in whole seconds.
 */
function givenUp({ status }: Canary, target: Workload): { revision: string; message: string } | null {
  if (status?.phase !== 'Failed') return null;
  const promoted = status.conditions?.find(({ type }) => type === 'Promoted');
  const revision = revisionOf(target);
  const applied = templateTime(target);
  const at = Date.parse(promoted?.lastTransitionTime ?? '');
  if (promoted?.status !== 'False' || revision === null || applied === null || !(at > applied)) return null;
  return { revision, message: promoted.message ?? 'Flagger gives no message.' };
}

function saying({ metadata, spec, status }: Canary, target: Workload, promoted: string | null): string {
  const what = `Canary ${metadata.namespace}/${metadata.name}`;
  const tried = revisionOf(target);
  if (tried === null)
    return `${what} does not tell which commit its ${spec?.targetRef?.kind} ${target.metadata.name} is made from: set the annotation rig.dashecorp.com/revision of its pod template.`;
  if (spec?.suspend) return `${what} is suspended${promoted === null ? '' : ` at ${promoted.slice(0, 8)}`}.`;
  const { phase = 'not looked at by Flagger yet', canaryWeight = 0, failedChecks = 0 } = status ?? {};
  const traffic = canaryWeight > 0 ? ` with ${canaryWeight} % of the traffic` : '';
  const checks = failedChecks > 0 ? ` and ${failedChecks} failed checks` : '';
  return `${what} is ${phase}${traffic}${checks}; ${tried.slice(0, 8)} is tried, ${promoted === null ? 'nothing' : promoted.slice(0, 8)} is promoted.`;
}
