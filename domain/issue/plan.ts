import type { Tier } from '../events/catalogue.ts';
import { termsOf } from '../gate/terms.ts';
import { type Action, awaitHuman } from './action.ts';
import { consentFor } from './consent.ts';
import { effectiveGrade } from './grade.ts';
import type { IssueState } from './state.ts';
import type { World } from './world.ts';

/** Whether the work is planned by an agent, and the plan approved by a person, before it is begun: its tier asks for an approved interface. T3 is not, for a person drives it. */
export function isPlanned(state: IssueState, terms: World['terms']): boolean {
  const tier = effectiveGrade(state)?.tier ?? 'T3';
  return tier !== 'T3' && asksForPlan(tier, terms);
}

const asksForPlan = (tier: Tier, terms: World['terms']): boolean =>
  termsOf(terms, tier).gates.includes('interfaceApproval');

/** What the first task of the next claim does: the plan comes first where there has to be one. */
export function firstTask(state: IssueState, terms: World['terms']): 'plan' | 'implement' {
  return isPlanned(state, terms) && state.plan === null ? 'plan' : 'implement';
}

/** A plan that no person has approved yet is asked about; null where there is none, or it may be worked by. */
export function planAsked(
  state: IssueState,
  { name, terms }: Pick<World, 'name' | 'terms'>,
  now: number,
): Action | null {
  if (!isPlanned(state, terms) || state.plan === null || consentFor(state, 'interface', now) !== null) return null;
  return awaitHuman(
    'InterfaceUnapproved',
    `How the work would be done is at ${state.plan.url}; \`rig approve ${name} --scope interface\` shows it and has it begun, an edit of the issue asks for another plan.`,
  );
}

/** Why a change whose tier asks for an approved interface may not be merged: nobody approved the one that it was made by. Null where somebody did. */
export function interfaceMissing(
  state: IssueState,
  { name, terms }: Pick<World, 'name' | 'terms'>,
  now: number,
): string | null {
  if (consentFor(state, 'interface', now) !== null) return null;
  const tier = effectiveGrade(state)?.tier ?? 'T3';
  if (state.plan !== null)
    return `The change is graded ${tier}, and no person has approved its plan: \`rig approve ${name} --scope interface\`.`;
  const planned = asksForPlan(state.classified?.tier ?? 'T3', terms) ? 'an edit of the issue' : `\`/rig tier ${tier}\``;
  return `The change is graded ${tier}, and was not planned: ${planned} has it planned first, for a person to approve.`;
}
