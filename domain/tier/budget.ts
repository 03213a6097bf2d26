import type { Expression, Value } from './engines.ts';

/** Steps that the expressions of one grading may take together, and how long the longest list is that they see. */
export interface Budget {
  left: number;
  readonly longest: number;
}

/** A third of a second or so. */
const STEPS = 1_000_000;
/** Characters of text that a pattern reads in about the time of one step. */
const TEXT_PER_STEP = 8;

export function newBudget(longest: number): Budget {
  return { left: STEPS, longest };
}

/** Whether an expression is true; a sentence where it fails, or where nothing is left to ask it with. `text` is the length of what it may read. */
export function holds(
  cel: Expression,
  values: Readonly<Record<string, Value>>,
  budget: Budget,
  text = 0,
): boolean | string {
  budget.left -= cel.steps(budget.longest) * (1 + text / TEXT_PER_STEP);
  if (budget.left < 0) return 'the expressions of this policy take too many steps for a change of this size.';
  try {
    return cel.test(values);
  } catch (error) {
    return (error as Error).message;
  }
}
