import type { Reason } from '#crds';
import type { DomainEvent } from '../events/catalogue.ts';
import type { IssueState, LiveTask } from './state.ts';

/** What is said of an issue that a person closed at the forge. */
export const CLOSED = 'The issue was closed at the forge; reopen it there to go on.';

/** Ends the live work claim, if there is one: from this event on its fence is dead everywhere. */
export function unassign(state: IssueState, reason: Reason, message: string): DomainEvent[] {
  if (state.work === null) return [];
  return [{ type: 'ISSUE_UNASSIGNED', data: { claim: state.work.id, attempt: state.work.attempt, reason, message } }];
}

/** Ends one live task without an outcome. */
export function cancel(task: LiveTask, reason: Reason, message: string): DomainEvent {
  return { type: 'TASK_CANCELLED', data: { task: task.name, kind: task.kind, fence: task.fence, reason, message } };
}

/** Ends everything that runs for the issue: tasks first, then the claim. `reason` says whether the attempt counts (see evolve). */
export function release(state: IssueState, reason: Reason, message: string): DomainEvent[] {
  const live = [state.task.work, state.task.review].filter((task) => task !== null);
  return [...live.map((task) => cancel(task, reason, message)), ...unassign(state, reason, message)];
}
