import type { Engines, Expression, Value } from './engines.ts';

/** Steps that the expressions of one grading may take together, how long the longest list is that they see, and what the YAML parser may read. */
export interface Budget {
  left: number;
  readonly longest: number;
  /** Characters. */
  parsed: number;
}

/** Enough for four thousand files under the shipped policies. */
const STEPS = 2_000_000;
/** Characters of text that a pattern reads in about the time of one step. */
const TEXT_PER_STEP = 8;
/** A second or two of the parser. */
const PARSED = 6 * 1024 * 1024;

export function newBudget(longest: number): Budget {
  return { left: STEPS, longest, parsed: PARSED };
}

/** Whether an expression is true; a sentence where it fails, or where nothing is left to ask it with. `text` is the length of what it may read. */
export function holds(
  cel: Expression,
  values: Readonly<Record<string, Value>>,
  budget: Budget,
  text = 0,
): boolean | string {
  budget.left -= cel.steps(budget.longest) + (text === 0 ? 0 : (cel.looks(budget.longest) * text) / TEXT_PER_STEP);
  if (budget.left < 0) return 'the expressions of this policy take too many steps for a change of this size.';
  try {
    return cel.test(values);
  } catch (error) {
    return (error as Error).message;
  }
}

/** The same engines, whose parser reads no more than the budget has: what it would read beyond is not the same, and untold. */
export function sparing(engines: Engines, budget: Budget): Engines {
  const spend = (characters: number) => {
    budget.parsed -= characters;
    return budget.parsed >= 0;
  };
  return {
    ...engines,
    // Both texts are read in three ways.
    sameYAML: (before, after) => spend(3 * (before.length + after.length)) && engines.sameYAML(before, after),
    readManifests: (text) =>
      spend(text.length) ? engines.readManifests(text) : { kinds: [], apiVersions: [], untold: true },
  };
}
