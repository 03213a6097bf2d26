import type { Reason } from '#crds';
import { clip } from '../events/parts.ts';
import { silentUntil } from '../listening.ts';
import { type IssueState, liveTasks } from './state.ts';
import type { Policy, TaskFacts, World } from './world.ts';

/** What makes a live task lost now; null where nothing does. Silence counts only while a conductor was up to hear it. */
export function lossOf(
  facts: TaskFacts,
  policy: Policy,
  conductor: Conductor,
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
  if (now <= mayBeSilent(facts, policy, conductor)) return null;
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
  const last = live.map((facts) => Math.min(facts.deadline, mayBeSilent(facts, policy, world)));
  return last.length === 0 ? null : Math.min(...last) + 1;
}

type Conductor = Pick<World, 'conductorUpSince' | 'conductorGaps'>;

function mayBeSilent(facts: TaskFacts, policy: Policy, conductor: Conductor): number {
  const { conductorUpSince: upSince, conductorGaps: gaps = [] } = conductor;
  return silentUntil(facts.seenAt, patience(facts, policy), { upSince, gaps });
}

function patience(facts: TaskFacts, policy: Policy): number {
  return facts.started ? policy.heartbeatDeadline : policy.startDeadline;
}
