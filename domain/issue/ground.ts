import type { ApprovalScope } from '../approval/document.ts';
import type { Fact } from '../facts.ts';
import { isWithin } from '../ledger/dispatch.ts';
import type { Ceiling } from '../ledger/policy.ts';
import { consentsOf } from './consent.ts';
import { effectiveGrade, trustedWork } from './grade.ts';
import { firstTask, isPlanned } from './plan.ts';
import type { IssueState } from './state.ts';
import type { World } from './world.ts';

/** What an Agent is trusted with by class of work; left out where no ceiling holds. */
export interface TrustOf {
  readonly ceilings?: Fact<ReadonlyMap<string, Ceiling>>;
}

/**
 * What a person has to have approved for an Agent to be given the work at this moment: that it is given out, unless the Agent is trusted with it, and the
 * plan that it is worked by, where its tier asks for one. Null where nothing helps: T3 is given to no Agent, whatever was signed. Where ceilings are not known
 * here, they were when the work was queued at this version of its log, so that only an Approval, which may have ended since, is asked for again.
 */
export function consentsToClaim(
  state: IssueState,
  { ceilings }: TrustOf,
  terms: World['terms'],
): readonly ApprovalScope[] | null {
  if (effectiveGrade(state)?.tier === 'T3') return null;
  const planned = isPlanned(state, terms) && firstTask(state, terms) === 'implement';
  return [...trusting(state, { ceilings }), ...(planned ? (['interface'] as const) : [])];
}

function trusting(state: IssueState, { ceilings }: TrustOf): readonly ApprovalScope[] {
  if (ceilings === undefined) return [];
  if (!ceilings.known) return consentsOf(state, 'dispatch').length === 0 ? [] : ['dispatch'];
  const { tier, taskClass } = trustedWork(state);
  return isWithin(tier, ceilings.value.get(taskClass) ?? 'T0') ? [] : ['dispatch'];
}
