import type { RecordedApproval } from '../approval/known.ts';
import { unknown } from '../facts.ts';
import { termsOf } from '../gate/terms.ts';
import type { GateInput } from '../gate/types.ts';
import { consentsHolding } from './consent.ts';
import { effectiveGrade } from './grade.ts';
import type { IssueState } from './state.ts';
import type { RepositoryPolicy, World } from './world.ts';

/** Who has to vouch by the tier that the change has: one person and one machine, where the policy gives no figures. */
export function attestorQuestion(state: IssueState, world: World, now: number): GateInput['attestors'] {
  const { gates, attestors } = termsOf(world.terms, effectiveGrade(state)?.tier ?? 'T3');
  return {
    wanted: gates.includes('attestors') ? (attestors ?? { humans: 1, machines: 1 }) : null,
    humans: vouching(state, now).map(({ identity }) => identity),
    listed: world.listed ?? unknown('The list of people who may approve has not been read yet.'),
    machines: world.machineAttestors ?? unknown('What machines signed for the head has not been read yet.'),
  };
}

/** Approvals by which people vouch for a change: of its interface, or of its merge at the head that it has now. */
export function vouching(state: IssueState, now: number): RecordedApproval[] {
  return [...consentsHolding(state, 'interface', now), ...consentsHolding(state, 'merge', now)];
}

/** What production is asked for the tier that the change has; ungraded work asks nothing, for its tier row does not pass. */
export function sloQuestion(state: IssueState, world: World, repository: RepositoryPolicy | null): GateInput['slo'] {
  const { gates } = termsOf(world.terms, effectiveGrade(state)?.tier ?? 'T3');
  return { gates, wish: repository?.slo ?? null, facts: world.slo ?? unknown('Production has not been asked yet.') };
}
