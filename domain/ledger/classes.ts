import type { Tier } from '../events/catalogue.ts';
import { unreachable } from './policy.ts';

/** What a rule of a TierPolicy gives, as far as trust asks. */
interface Gives {
  readonly tier?: Tier;
  readonly taskClass?: string;
}

/** Work of which nothing is said is T2. */
const UNSAID: Tier = 'T2';

/**
 * The tiers at which rules can find work of a class: those of the rules that name the class with a tier, and, where a rule names it without one, those of the
 * rules that name none, and T2. More of them rather than fewer: a tier that is left out would let what a person dispatched count in its place.
 */
export function tiersOfRules(rules: readonly Gives[]): (taskClass: string) => ReadonlySet<Tier> {
  const anywhere = rules.flatMap(({ tier, taskClass }) =>
    tier !== undefined && taskClass === undefined ? [tier] : [],
  );
  return (taskClass) => {
    const own = rules.filter((rule) => rule.taskClass === taskClass);
    const named = own.flatMap(({ tier }) => tier ?? []);
    const open = own.length === 0 || own.some(({ tier }) => tier === undefined);
    return new Set(open ? [...named, ...anywhere, UNSAID] : named);
  };
}

/** Classes that a policy names and in which no Agent can work itself up, each with the ceiling that nothing leads on from. */
export function unreachableClasses(rules: readonly Gives[]): { taskClass: string; from: string }[] {
  const tiersOf = tiersOfRules(rules);
  const classes = [...new Set(rules.flatMap(({ taskClass }) => taskClass ?? []))].sort();
  return classes.flatMap((taskClass) => unreachable(tiersOf(taskClass)).map((from) => ({ taskClass, from })));
}
