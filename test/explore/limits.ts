import type { Limits } from './search.ts';

/** What is explored unless told otherwise. */
export const DEFAULTS: Limits = { depth: 200, states: 20_000_000, setbacks: 1, faults: 0, people: 0 };

const MOST: Readonly<Record<keyof Limits, number>> = {
  depth: 10_000,
  states: 100_000_000,
  setbacks: 7,
  faults: 7,
  people: 7,
};

/** Limits as they were given on a command line; throws with one sentence for what is no number or out of range. */
export function readLimits(given: Readonly<Record<string, unknown>>): Limits {
  const limits = Object.entries(DEFAULTS).map(([name, otherwise]) => {
    const text = given[name];
    if (text === undefined) return [name, otherwise];
    const most = MOST[name as keyof Limits];
    const least = name === 'depth' || name === 'states' ? 1 : 0;
    const value = /^\d{1,9}$/.test(String(text)) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new TypeError(`--${name} is "${text}": name a whole number from ${least} to ${most}.`);
    return [name, value];
  });
  return Object.fromEntries(limits) as Limits;
}
