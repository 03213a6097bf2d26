import type { Reason } from '#crds';
import { clip } from '../events/parts.ts';
import { type IssueState, liveTasks } from './state.ts';
import type { Policy, TaskFacts, World } from './world.ts';

/** Silence counts only from when a conductor has been up to hear it. */
export function lossOf(
  facts: TaskFacts,
  policy: Policy,
  upSince: number,
  now: number,
): { reason: Reason; message: string; infrastructure: boolean } | null {
  if (facts.object === 'gone')
    return { reason: 'TaskLost', message: 'The AgentTask was deleted while it ran.', infrastructure: true };
  if (facts.jobEnded)
    return {
      reason: 'TaskLost',
      message: clip(`The Job ended without an outcome: ${facts.jobEnded.message}`),
      infrastructure: facts.jobEnded.infrastructure,
    };
  if (now > facts.deadline)
    return { reason: 'DeadlineExceeded', message: 'The task ran past its deadline.', infrastructure: false };
  if (now <= silentUntil(facts, policy, upSince)) return null;
  const limit = patience(facts, policy);
  const minutes = Math.round(limit / 60_000);
  const message = facts.started
    ? `The task gave no sign of life for ${minutes} minutes.`
    : facts.pulled
      ? `No client of its Agent took the task within ${minutes} minutes.`
      : `The task did not start within ${minutes} minutes.`;
  return {
    reason: facts.started ? 'HeartbeatMissed' : 'StartDeadlineExceeded',
    message,
    infrastructure: !facts.started,
  };
}

/** The first moment at which time alone would make a live task of the issue lost, in ms; null when it has none. */
export function lossDue(state: IssueState, world: World, policy: Policy): number | null {
  const live = liveTasks(state).flatMap((task) => world.tasks.get(task.name) ?? []);
  const last = live.map((facts) => Math.min(facts.deadline, silentUntil(facts, policy, world.conductorUpSince)));
  return last.length === 0 ? null : Math.min(...last) + 1;
}

function silentUntil(facts: TaskFacts, policy: Policy, upSince: number): number {
  return Math.max(facts.seenAt, upSince) + patience(facts, policy);
}

function patience(facts: TaskFacts, policy: Policy): number {
  return facts.started ? policy.heartbeatDeadline : policy.startDeadline;
}
