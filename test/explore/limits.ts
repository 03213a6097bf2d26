import type { Limits } from './search.ts';

const whole = { depth: 200, states: 20_000_000 };
const quiet = { setbacks: 0, faults: 0, people: 0 };
/** Every two troubles that one issue may have on its way. */
const PAIRS: readonly Partial<Limits>[] = [
  { setbacks: 2 },
  { setbacks: 1, faults: 1 },
  { setbacks: 1, people: 1 },
  { faults: 2 },
  { people: 2 },
  { faults: 1, people: 1 },
];

/** What is explored unless told otherwise, one after the other. */
export const PLAN: readonly Limits[] = [
  { ...whole, issues: 2, ...quiet },
  { ...whole, issues: 2, ...quiet, setbacks: 1 },
  { ...whole, issues: 2, ...quiet, faults: 1 },
  { ...whole, issues: 2, ...quiet, people: 1 },
  ...PAIRS.map((pair) => ({ ...whole, issues: 1, ...quiet, ...pair })),
];

const RANGES: Readonly<Record<keyof Limits, readonly [number, number]>> = {
  issues: [1, 2],
  depth: [1, 10_000],
  states: [1, 100_000_000],
  setbacks: [0, 7],
  faults: [0, 7],
  people: [0, 7],
};

export const OPTIONS = Object.keys(RANGES) as (keyof Limits)[];

/**
 * The explorations that a command line asks for: the whole plan, with its depth and states bounded, or one of its own where it says what may
 * happen. Throws with one sentence for what is no number or out of range.
 */
export function plan(given: Readonly<Record<string, unknown>>): readonly Limits[] {
  const asked = Object.fromEntries(
    OPTIONS.filter((name) => given[name] !== undefined).map((name) => [name, numberOf(name, String(given[name]))]),
  ) as Partial<Limits>;
  const { depth: _, states: __, ...what } = asked;
  if (Object.keys(what).length === 0) return PLAN.map((limits) => ({ ...limits, ...asked }));
  return [{ ...whole, issues: 2, ...quiet, ...asked }];
}

function numberOf(name: keyof Limits, text: string): number {
  const [least, most] = RANGES[name];
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new TypeError(`--${name} is "${text}": name a whole number from ${least} to ${most}.`);
}
