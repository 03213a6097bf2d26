import { evolveApprovals } from '../approval/record.ts';
import { evolveDelivery } from '../deploy/evolve.ts';
import { asked, told } from '../escalation/evolve.ts';
import type { EventData, StoredEvent } from '../events/catalogue.ts';
import { approvalUsed } from './consent.ts';
import { planned } from './epic.ts';
import { assigned, dispatched, ended, started, unassigned } from './evolve-claim.ts';
import { pullRequestChange } from './evolve-pull.ts';
import { commanded, edited, takenUp, wished } from './evolve-wish.ts';
import { merged } from './merges.ts';
import { preparationAsked } from './prepare.ts';
import { recovered } from './recovery.ts';
import { type Change, type IssueState, noIssue } from './state.ts';

/**
 * The next state of an issue after one event. Total: an event that no longer fits the state (a late report of an ended task)
 * changes nothing but the version, so that replaying a log never fails.
 */
export function evolve(state: IssueState, event: StoredEvent): IssueState {
  const delivery = evolveDelivery(state.delivery, event);
  return { ...state, ...change(state, event), delivery, version: event.version };
}

/** All events of one stream, in version order, from nothing. */
export function replay(events: readonly StoredEvent[]): IssueState {
  return events.reduce(evolve, noIssue);
}

function change(state: IssueState, event: StoredEvent): Change {
  switch (event.type) {
    case 'ISSUE_FILED':
    case 'ISSUE_REOPENED':
      return wished(state, event.data, event.at);
    case 'ISSUE_EDITED':
      return edited(state, event.data);
    case 'ISSUE_APPROVED':
      return takenUp(state);
    case 'COMMAND_ACCEPTED':
      return commanded(state, event.data, event.at);
    case 'ISSUE_CLASSIFIED':
      return { classified: event.data };
    case 'TIER_RAISED':
      // Who works at the lower tier works from an old wish; a change that shows more was made for the present one.
      return event.data.headSHA === undefined ? { wishGeneration: state.generation } : {};
    case 'CHANGE_CLASSIFIED':
      return { change: event.data };
    case 'PLAN_PROPOSED':
      return { plan: { digest: event.data.digest, url: event.data.url } };
    case 'ISSUE_ASSIGNED':
      return assigned(state, event.data);
    case 'ISSUE_UNASSIGNED':
      return unassigned(state, event.data, event.at);
    case 'TASK_DISPATCHED':
      return dispatched(state, event.data, event.at);
    case 'WORK_STARTED':
      return started(state, event.data.task);
    case 'TASK_FINISHED':
    case 'TASK_LOST':
    case 'TASK_CANCELLED':
    case 'AGENT_STUCK':
    case 'ESCALATED':
      return ended(state, event);
    case 'TOKENS_USED':
      return answeredBy(state, event.data);
    case 'MERGE_GATE_WAITING':
      return { waiting: { ...event.data, at: event.at }, mergeRequested: null, refusals: refused(state, event.data) };
    case 'MERGE_REQUESTED':
      return { mergeRequested: { headSHA: event.data.headSHA, at: event.at, version: event.version }, waiting: null };
    case 'MERGED':
      return merged(state, event.data);
    case 'HUMAN_GATE_TRIGGERED':
      return { awaiting: asked(event), refusals: null };
    case 'HUMAN_GATE_REMINDED':
    case 'HUMAN_GATE_ACKNOWLEDGED':
      return { awaiting: told(state.awaiting, event) };
    case 'DEPLOYED_STAGING':
    case 'DEPLOYED_PRODUCTION':
    case 'ROLLED_BACK':
    case 'SMOKE_PASSED':
    case 'E2E_PASSED':
    case 'A11Y_PASSED':
      return { awaiting: null };
    case 'RECOVERED':
      return recovered(state, event.data, event.at);
    case 'HUMAN_GATE_CLEARED':
      return { awaiting: null };
    case 'EPIC_PLANNED':
      return planned(state, event.data);
    case 'APPROVAL_VERIFIED':
    case 'APPROVAL_REFUSED':
    case 'APPROVAL_REVOKED':
      return { approvals: evolveApprovals(state.approvals, event) };
    case 'APPROVAL_USED':
      return approvalUsed(state, event.data, event.at);
    case 'PREPARATION_REQUESTED':
      return preparationAsked(state, event.data, event.at);
    case 'ISSUE_DONE':
      return { ending: { kind: 'Done', reason: 'Done', message: event.data.message } };
    case 'ISSUE_FAILED':
      return { ending: { kind: 'Failed', ...event.data } };
    case 'ISSUE_CANCELLED':
      return { ending: { kind: 'Cancelled', ...event.data } };
    default:
      return pullRequestChange(state, event);
  }
}

/** A review is nobody's trust to lose. */
function answeredBy({ models }: IssueState, { kind, model }: EventData<'TOKENS_USED'>): Change {
  return kind === 'review' || models.includes(model) ? {} : { models: [...models, model] };
}

/** What the merge call itself answered, as opposed to a row of the gate: each time it is asked later. */
function refused(state: IssueState, { headSHA, reason }: { headSHA: string; reason: string }): IssueState['refusals'] {
  if (reason !== 'MergeRefused' && reason !== 'NotMergeable') return state.refusals;
  const times = state.refusals?.headSHA === headSHA ? state.refusals.times : 0;
  return { headSHA, times: times + 1 };
}
