import type { Reason } from '#crds';
import type { DomainEvent, EventData, Tier } from '../events/catalogue.ts';
import type { Actor } from '../facts.ts';
import { floorOf, isHigher } from './grade.ts';
import { release } from './release.ts';
import type { IssueState } from './state.ts';
import { phaseOf } from './status.ts';

/**
 * What a person may ask of an issue in a comment (`/rig retry`, `cancel`, `hold`, `hold off`, `review`, `tier T2`); `reopen` is the forge's own
 * button, pressed by one who may write.
 */
export type Command =
  | { readonly do: 'retry' | 'cancel' | 'reopen' }
  | { readonly do: 'review' }
  | { readonly do: 'hold'; readonly on: boolean }
  | { readonly do: 'tier'; readonly tier: Tier };

/** A command as it was given. Whoever asks the rules has checked that `by` is a person with write permission. */
export interface Asked {
  readonly command: Command;
  readonly by: Actor;
  /** The forge's id of the comment: a command is taken once. Null where there is no comment. */
  readonly comment: number | null;
}

export type CommandDecision =
  | { readonly accepted: true; readonly events: DomainEvent[]; readonly message: string }
  | { readonly accepted: false; readonly reason: Reason; readonly message: string };

/**
 * What a command adds to the log, with one sentence for the person who gave it. Total; the same comment again adds nothing, and a command that
 * does not fit where the issue stands is refused and says why.
 */
export function decideCommand(state: IssueState, asked: Asked): CommandDecision {
  if (state.spec === null) return refused('The issue has not been recorded yet; ask again in a moment.');
  if (asked.comment !== null && state.seenCommands.includes(asked.comment))
    return { accepted: true, events: [], message: 'The command was taken already.' };
  switch (asked.command.do) {
    case 'retry':
      return retry(state, asked);
    case 'cancel':
      return cancelled(state, asked);
    case 'reopen':
      // It is in the log all the same: whoever is about to take it for closed decides again.
      return state.ending === null ? accepted(asked, 'The issue is open already.') : reopened(state, asked);
    default:
      return forWork(state, asked, asked.command);
  }
}

/** Commands about work that may still change: nothing of it is left behind a merge or an end. */
function forWork(state: IssueState, asked: Asked, command: Extract<Command, { do: 'hold' | 'review' | 'tier' }>) {
  if (state.ending !== null) return refused(`The issue is ${state.ending.kind}: ${state.ending.message}`);
  if (state.merged !== null) return refused('The change is merged already.');
  switch (command.do) {
    case 'hold':
      return hold(state, asked, command.on);
    case 'review':
      return review(state, asked);
    case 'tier':
      return raise(state, asked, command.tier);
  }
}

function retry(state: IssueState, asked: Asked): CommandDecision {
  const { ending, awaiting } = state;
  if (ending?.kind === 'Done') return refused('The issue is Done; reopen it at the forge to have it worked again.');
  if (ending?.kind === 'Cancelled')
    return ending.reason === 'CancelledByCommand' ? reopened(state, asked) : refused(ending.message);
  if (ending !== null) return accepted(asked, 'It is taken up again, with all its attempts.');
  if (state.hold !== null) return accepted(asked, 'It is held no longer and goes on.');
  if (awaiting !== null) return accepted(asked, `It is taken up again; it waited for a person (${awaiting.reason}).`);
  if (state.work === null && state.lastFailure !== null) return accepted(asked, 'The next attempt starts at once.');
  return refused(`There is nothing to retry: the issue is ${phaseOf(state)}, and nobody is waited for.`);
}

function cancelled(state: IssueState, asked: Asked): CommandDecision {
  if (state.ending !== null && state.ending.kind !== 'Failed') return refused(`The issue is ${state.ending.kind}.`);
  if (state.merged !== null) return refused('The change is merged already; revert it at the forge.');
  const message = `${asked.by.login} cancelled the issue with /rig cancel; /rig retry takes it up again.`;
  const overtaken =
    state.mergeRequested === null ? '' : ' A merge was asked for: if it has left already, the issue goes on behind it.';
  return accepted(asked, `It is cancelled; what was pushed stays. /rig retry takes it up again.${overtaken}`, [
    ...release(state, 'CancelledByPerson', message),
    { type: 'ISSUE_CANCELLED', data: { reason: 'CancelledByCommand', message } },
  ]);
}

function reopened(state: IssueState, asked: Asked): CommandDecision {
  return accepted(asked, 'It is taken up again.', askedAgain(state));
}

function hold(state: IssueState, asked: Asked, on: boolean): CommandDecision {
  if (on && state.hold !== null) return nothing('The issue is held already.');
  if (on) return accepted(asked, 'It is held: what runs ends, what was pushed stays. /rig hold off goes on.');
  if (state.hold !== null) return accepted(asked, 'It is held no longer and goes on.');
  return refused(
    state.spec?.suspend ? 'The Issue object is suspended: set its spec.suspend to false.' : 'The issue is not held.',
  );
}

function review(state: IssueState, asked: Asked): CommandDecision {
  const { pullRequest } = state;
  if (pullRequest === null || !pullRequest.open) return refused('The issue has no open pull request to review.');
  if (state.work === null)
    return refused('Nobody works on the issue now; /rig retry starts the next attempt, whose change is then reviewed.');
  const running = state.task.review;
  if (running?.headSHA === pullRequest.headSHA) return refused(`${running.agent.name} is reviewing that head now.`);
  return accepted(asked, `Head ${pullRequest.headSHA.slice(0, 8)} is reviewed once more.`);
}

function raise(state: IssueState, asked: Asked, tier: Tier): CommandDecision {
  const now = [floorOf(state), state.classified?.tier ?? null].filter((one) => one !== null);
  const above = now.find((one) => isHigher(one, tier));
  if (above !== undefined) return refused(`The issue is ${above}, and a tier is never lowered.`);
  if (floorOf(state) === tier) return nothing(`The floor is ${tier} already.`);
  return accepted(asked, `The issue is ${tier} at least.`);
}

/** A person asked again for what had ended; nothing where it has not. Attempts count on. */
export function askedAgain(state: IssueState): DomainEvent[] {
  if (state.ending === null || state.spec === null) return [];
  return [{ type: 'ISSUE_REOPENED', data: { uid: state.uid!, generation: state.generation, spec: state.spec } }];
}

/** A person with write permission asked for this work, for the first time or again: what had been cancelled or failed is taken up. */
export function decideApproved(state: IssueState, approved: EventData<'ISSUE_APPROVED'>): DomainEvent[] {
  const again = state.ending?.kind === 'Cancelled' || state.ending?.kind === 'Failed';
  return [{ type: 'ISSUE_APPROVED', data: approved }, ...(again ? askedAgain(state) : [])];
}

function accepted(asked: Asked, message: string, events: DomainEvent[] = []): CommandDecision {
  const { command, by, comment } = asked;
  const word = command.do === 'hold' && !command.on ? 'unhold' : command.do;
  const tier = command.do === 'tier' ? command.tier : null;
  const { id, login, kind } = by;
  const given: DomainEvent = {
    type: 'COMMAND_ACCEPTED',
    data: { command: word, tier, by: { id, login, kind }, comment },
  };
  return { accepted: true, events: [given, ...events], message };
}

function nothing(message: string): CommandDecision {
  return { accepted: true, events: [], message };
}

function refused(message: string): CommandDecision {
  return { accepted: false, reason: 'CommandRefused', message };
}
