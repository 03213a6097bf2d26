import { type Condition, type EventRecorder, findCondition, type KubeObject, type Verdict } from '#lib/kube';

/** A status, as far as it says what became of an object. */
export interface Judged {
  readonly phase?: string | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/**
 * Tells the readers of `kubectl describe` that an object is judged anew: once for each change of its phase, or of its condition Ready
 * and the reason for that; never for a look that found nothing new. `before` and `after` are its status.
 */
export function recordVerdict(
  recorder: EventRecorder,
  object: KubeObject,
  { before, after }: { readonly before: Judged | undefined; readonly after: Judged },
  { reason, message, state }: Verdict,
): void {
  if (before?.phase === after.phase && ready(before) === ready(after)) return;
  const waits = state === 'Reconciling' && findCondition(after.conditions, 'Ready')?.status !== 'True';
  recorder.record(object, { type: state === 'Stalled' || waits ? 'Warning' : 'Normal', reason, message });
}

function ready(status: Judged | undefined): string {
  const condition = findCondition(status?.conditions, 'Ready');
  return `${condition?.status} ${condition?.reason}`;
}
