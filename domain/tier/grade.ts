import type { Tier } from '../events/catalogue.ts';

/** One thing that had a say in a grade. */
export interface Finding {
  /** Name of a rule of the policy, of the Repository (`raise/…`), or of the judges' list and the floors (`built-in/…`). */
  readonly rule: string;
  readonly tier: Tier | null;
  readonly taskClass: string | null;
  /** The file it speaks of; null where it speaks of the whole. */
  readonly path: string | null;
  /** One sentence. */
  readonly reason: string;
}

/** How work was graded, by which rule, and everything that matched. */
export interface Grade {
  readonly tier: Tier;
  /** Kind of work; `unclassified` where no rule names one. */
  readonly taskClass: string;
  /** The rule that decided the tier, and the file where it is about one. */
  readonly rule: string;
  readonly path: string | null;
  readonly reason: string;
  readonly findings: readonly Finding[];
}

export const UNCLASSIFIED = 'unclassified';

/** The higher finding; of equals the first. */
export function highest(findings: readonly Finding[]): Finding | null {
  let found: Finding | null = null;
  for (const finding of findings)
    if (finding.tier !== null && (found === null || finding.tier > found.tier!)) found = finding;
  return found;
}

/** Built-in floors and the judges' list carry this prefix, rules of a Repository that one. */
export const BUILT_IN = 'built-in/';
export const RAISE = 'raise/';

export function builtIn(name: string, tier: Tier, path: string | null, reason: string): Finding {
  return { rule: BUILT_IN + name, tier, taskClass: null, path, reason };
}
