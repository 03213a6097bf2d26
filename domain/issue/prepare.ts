import { routeDeveloper } from '../agents/routing.ts';
import type { DomainEvent, EventData } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import { type Action, wait } from './action.ts';
import { effectiveGrade } from './grade.ts';
import type { Change, IssueState } from './state.ts';
import type { World } from './world.ts';

/** What a person asked an agent to prepare. */
export interface Preparation {
  /** Names the asking: it is taken once. */
  readonly act: string;
  /** The user, as the cluster names them. */
  readonly by: string;
  readonly note: string | null;
  /** In ms. */
  readonly at: number;
  /** The question that it was asked beside: it is not begun beside another. */
  readonly gate: number;
  /** A task was given out for it. */
  readonly begun: boolean;
}

/** A person asks for a preparation. Whoever asks the rules has checked that `by` is who asked, and no machine. */
export interface AskedPreparation {
  readonly act: string;
  readonly by: string;
  readonly note: string | null;
}

/** What the asking adds to the log: nothing where it is known already, or where no T3 work of the issue waits for a person beside whom nobody works. */
export function decidePreparation(state: IssueState, { act, by, note }: AskedPreparation): DomainEvent[] {
  if (state.preparation?.act === act || whyUnprepared(state) !== null) return [];
  const asked = { act, by, note: note === null ? null : clip(note, 1_024), gate: state.awaiting!.gate };
  return [{ type: 'PREPARATION_REQUESTED', data: asked }];
}

/** Why nothing can be prepared for an issue now, in one sentence; null where it can. */
function whyUnprepared(state: IssueState): string | null {
  if (state.ending !== null) return `The issue is ${state.ending.kind}: ${state.ending.message}`;
  if (effectiveGrade(state)?.tier !== 'T3') return 'The work is not graded T3: agents do it themselves.';
  if (state.awaiting?.reason !== 'IrreversibleTier')
    return 'The issue does not wait for the person who drives T3 work.';
  if (state.work !== null) return `${state.work.agent.name} prepares already.`;
  return null;
}

export function preparationAsked(
  _: IssueState,
  { act, by, note, gate }: EventData<'PREPARATION_REQUESTED'>,
  at: number,
): Change {
  return { preparation: { act, by, note, gate, at, begun: false } };
}

/** Whether an agent is still to be found for what a person asked to be prepared. */
export function isAsked({ preparation, awaiting, work }: IssueState): boolean {
  return preparation !== null && !preparation.begun && work === null && awaiting?.gate === preparation.gate;
}

/** What is done for a preparation that was asked for; null where none is, or it has ended. */
export function preparing(state: IssueState, world: World, now: number): Action | null {
  const { work, task, lastEnd } = state;
  if (work !== null && task.work !== null)
    return wait('Progressing', `${work.agent.name} prepares what ${state.preparation?.by ?? 'a person'} asked for.`);
  if (work !== null)
    return { do: 'release', reason: 'Prepared', message: lastEnd.work?.message ?? 'The preparation has ended.' };
  if (!isAsked(state) || !world.repository.known) return null;
  if (!world.stack.known) return wait('FactUnknown', world.stack.why, now + 5_000);
  const { taskClass } = state.classified!;
  const routing = routeDeveloper(world.agents, world.repository.value, taskClass, world.stack.value);
  if (routing.fit === 'none') return wait('NoAgentFits', routing.message);
  const free = routing.candidates.find((agent) => agent.running < agent.concurrency);
  if (free === undefined)
    return {
      do: 'wait',
      reason: 'ConcurrencyFull',
      message: 'Every Agent that could prepare is busy.',
      until: null,
      places: routing.candidates.map(({ uid }) => uid),
    };
  return {
    do: 'prepare',
    agent: { name: free.name, uid: free.uid },
    reason: 'RequestedByPerson',
    message: `${state.preparation!.by} asked for a preparation.`,
  };
}
