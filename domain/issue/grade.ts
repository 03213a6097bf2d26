import type { DomainEvent, Tier } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { ChangeGrade, IssueState } from './state.ts';
import type { TierAnswer, World } from './world.ts';

const rank = { T0: 0, T1: 1, T2: 2, T3: 3 } as const satisfies Record<Tier, number>;

/** Whether one tier stands above another. */
export function isHigher(tier: Tier, than: Tier): boolean {
  return rank[tier] > rank[than];
}

/** What the tier port answers, raised to what people asked for: a floor only ever raises. Null where nothing grades the work. */
export function gradeOf(state: IssueState, world: World): TierAnswer {
  const { tier } = world;
  const floor = floorOf(state);
  if (tier === null || floor === null || !isHigher(floor, tier.tier)) return tier;
  return { ...tier, tier: floor, reason: `A person set the floor to ${floor}; graded by itself it is ${tier.tier}.` };
}

/** Whether the issue was graded lower than a person asks for, or the rules say, now: what runs was dispatched at the wrong tier. */
export function outgrown(state: IssueState, world: World): boolean {
  const { classified } = state;
  return (
    classified !== null &&
    [floorOf(state), gradeOf(state, world)?.tier ?? null].some(
      (tier) => tier !== null && isHigher(tier, classified.tier),
    )
  );
}

/** The higher of what the Issue's wish names and what a command asked for. */
export function floorOf(state: IssueState): Tier | null {
  const wished = state.spec?.tier ?? null;
  const { tierFloor } = state;
  if (wished === null || tierFloor === null) return wished ?? tierFloor;
  return isHigher(wished, tierFloor) ? wished : tierFloor;
}

/** The head whose change is graded: the open pull request's, else what the live attempt pushed last; null before there is one. */
export function changeHead({ pullRequest, work, forwarded }: IssueState): { sha: string; branch: string } | null {
  if (pullRequest?.open) return { sha: pullRequest.headSHA, branch: pullRequest.branch };
  return work === null ? null : (forwarded.findLast(({ branch }) => branch === work.branch) ?? null);
}

/** The higher of what was asked and what the change shows, with the reason for it; null before the work is graded. An older head's grade holds until the next. */
export function effectiveGrade({ classified, change }: IssueState): { tier: Tier; reason: string } | null {
  if (classified === null) return null;
  return change !== null && isHigher(change.tier, classified.tier) ? change : classified;
}

/** The work as far as trust goes: as high as the issue or its change, of the change's class where there is one. T3 before it is graded. */
export function trustedWork(state: IssueState): { tier: Tier; taskClass: string } {
  const { classified, change } = state;
  return { tier: effectiveGrade(state)?.tier ?? 'T3', taskClass: change?.taskClass ?? classified?.taskClass ?? '' };
}

/** Whether the log has the grade of the change up to the present head, and it is the one that the rules give the work now. What is being graded anew is not. */
export function isGraded(state: IssueState, { change }: Pick<World, 'change'>): boolean {
  const logged = isLogged(state);
  return change === undefined ? logged : logged && change.known && isSame(change.value, state.change);
}

function isLogged(state: IssueState): boolean {
  return state.change !== null && state.change.headSHA === changeHead(state)?.sha;
}

function isSame({ headSHA, policy }: ChangeGrade, other: ChangeGrade | null): boolean {
  return headSHA === other?.headSHA && policy === other.policy;
}

/**
 * Whether the base branch was taken back behind the commit at which the graded change begins: the forge then lists that commit as one of the pull request's, and more is
 * in the change than was graded.
 */
export function isWidened(change: ChangeGrade | null, pull: World['pullRequest']): boolean {
  if (change?.base === undefined || !pull.known || pull.value.head.sha !== change.headSHA) return false;
  return pull.value.commits.some(({ sha }) => sha === change.base);
}

/** The change was graded anew: what the log does not say of it yet. */
export function observeChange(state: IssueState, world: World): DomainEvent[] {
  if (world.change === undefined || !world.change.known || state.classified === null) return [];
  const grade = world.change.value;
  if (grade.headSHA !== changeHead(state)?.sha || isSame(grade, state.change)) return [];
  return [{ type: 'CHANGE_CLASSIFIED', data: clipped(grade) }, ...raised(state, grade)];
}

function raised(state: IssueState, grade: ChangeGrade): DomainEvent[] {
  const from = effectiveGrade(state)!.tier;
  const { tier: to, headSHA, rule, path, reason } = clipped(grade);
  return isHigher(to, from) ? [{ type: 'TIER_RAISED', data: { from, to, reason, headSHA, rule, path } }] : [];
}

function clipped(grade: ChangeGrade): ChangeGrade {
  return { ...grade, path: grade.path === null ? null : clip(grade.path), reason: clip(grade.reason) };
}
