import { type IssueState, liveTasks, type StoredEvent } from '#domain';
import type { Metrics } from '#lib/observe';

/** What an append changed. */
export interface Growth {
  readonly before: IssueState;
  readonly state: IssueState;
  readonly events: readonly StoredEvent[];
}

/** Counts what events say of gates and tasks, once for each append that has committed. */
export function countGrowth(metrics: Metrics, { before, state, events }: Growth): void {
  for (const event of events) {
    if (event.type === 'MERGE_GATE_WAITING') metrics.count('rig_gate_refusals_total', { reason: event.data.reason });
  }
  const alive = new Set(liveTasks(state).map(({ name }) => name));
  const at = events.at(-1)?.at ?? 0;
  for (const task of liveTasks(before)) {
    if (alive.has(task.name)) continue;
    const end = state.lastEnd[task.lane];
    const ending = end?.task === task.name ? end.ending : 'cancelled';
    metrics.observe('rig_task_seconds', { kind: task.kind, ending }, Math.max(0, at - task.dispatchedAt) / 1_000);
  }
}
