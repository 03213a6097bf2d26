import type { DomainEvent } from '#domain';
import type { Rules } from './rules.ts';
import { Broken, type Strand, type Witness } from './strand.ts';
import { NOW } from './world.ts';

/** Appends what was decided; throws {@link Broken} where the events by themselves say something that must never be. */
export function append(rules: Rules, strand: Strand, events: readonly DomainEvent[]): Strand {
  let { log, witness } = strand;
  for (const event of events) {
    witness = attest(witness, event);
    log = rules.evolve(log, { ...event, version: log.version + 1, at: NOW });
  }
  return { ...strand, log, witness };
}

/** What the event adds to what is known without the rules. */
function attest(witness: Witness, event: DomainEvent): Witness {
  switch (event.type) {
    case 'ISSUE_ASSIGNED':
      demand(witness.claim === null, 'OneClaim', 'the issue was assigned while a work claim of it was live');
      demand(!witness.ended, 'EndingsStay', 'an issue that had ended was assigned');
      return { ...witness, claim: event.data.claim };
    case 'ISSUE_UNASSIGNED':
      return { ...witness, claim: null, work: null };
    case 'TASK_DISPATCHED':
      demand(
        witness[event.data.lane] === null,
        'OneClaim',
        `a ${event.data.kind} task was dispatched while the lane of ${event.data.lane} had one`,
      );
      demand(!witness.ended, 'EndingsStay', 'a task of an issue that had ended was dispatched');
      return { ...witness, [event.data.lane]: event.data.task };
    case 'TASK_FINISHED':
    case 'TASK_LOST':
    case 'TASK_CANCELLED':
    case 'AGENT_STUCK':
    case 'ESCALATED':
      return ended(witness, event.data.task);
    default:
      return passedOn(witness, event);
  }
}

function ended(witness: Witness, task: string): Witness {
  demand(witness.work === task || witness.review === task, 'DeadFences', `${task} ended a second time`);
  return witness.work === task ? { ...witness, work: null } : { ...witness, review: null };
}

function passedOn(witness: Witness, event: DomainEvent): Witness {
  switch (event.type) {
    case 'MERGED':
      demand(!witness.merged, 'MergedOnce', 'the log says twice that the change was merged');
      // Nobody could call it back: the issue goes on behind it, whatever ended it before.
      return { ...witness, merged: true, ended: false };
    case 'ISSUE_DONE':
    case 'ISSUE_FAILED':
    case 'ISSUE_CANCELLED':
      // What failed for want of attempts may still be called off.
      demand(!witness.ended || event.type === 'ISSUE_CANCELLED', 'EndingsStay', 'the issue ended twice');
      return { ...witness, ended: true };
    case 'ISSUE_REOPENED':
      return { ...witness, merged: false, ended: false };
    case 'ISSUE_EDITED':
      return { ...witness, ended: false };
    case 'COMMAND_ACCEPTED':
      return event.data.command === 'retry' ? { ...witness, ended: false } : witness;
    default:
      return witness;
  }
}

/** Throws {@link Broken} unless it holds. */
export function demand(holds: boolean, invariant: string, otherwise: string): asserts holds {
  if (!holds) throw new Broken(invariant, otherwise);
}

/** Whether anything was added to the log. */
export const grew = (before: Strand, after: Strand): boolean => before.log.version !== after.log.version;
