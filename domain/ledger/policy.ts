import type { Tier } from '../events/catalogue.ts';

/** How trust is gained and lost. Durations in ms. */
export interface LedgerPolicy {
  /** Consecutive successes at a tier that a promotion to the next one takes. */
  readonly streak: number;
  /** How long a change must have been live and quiet before it counts. */
  readonly settle: number;
  /** Successes of one Agent, class and model that count in one day (UTC). */
  readonly maxPerDay: number;
  /** How long after a rollback nothing is promoted, and how long before it a success is taken back with it. */
  readonly cooldown: number;
  /** Whether a model that is new to an Agent stays at T0 until a person acknowledges it. */
  readonly resetOnModelChange: boolean;
  /** Tiers at which the policy can find work of a class. */
  readonly tiersOf: (taskClass: string) => ReadonlySet<Tier>;
  /** What `tiersOf` answers by: another text where it may answer otherwise. */
  readonly rules: string;
}

const EVERY: ReadonlySet<Tier> = new Set<Tier>(['T0', 'T1', 'T2', 'T3']);

export const defaultLedgerPolicy: LedgerPolicy = {
  streak: 20,
  settle: 24 * 3_600_000,
  maxPerDay: 3,
  cooldown: 720 * 3_600_000,
  resetOnModelChange: true,
  tiersOf: () => EVERY,
  rules: '',
};

/** The highest tier at which an Agent works without a person's consent. There is no T3 among them. */
export type Ceiling = 'T0' | 'T1' | 'T2';

/** From the lowest to the highest. */
export const ceilings: readonly Ceiling[] = ['T0', 'T1', 'T2'];

/** The ceiling above this one; null above T2. */
export function above(ceiling: Ceiling): Ceiling | null {
  return ceilings[ceilings.indexOf(ceiling) + 1] ?? null;
}

/** The ceiling below this one; T0 stays. */
export function below(ceiling: Ceiling): Ceiling {
  return ceilings[Math.max(0, ceilings.indexOf(ceiling) - 1)]!;
}

/**
 * Whether a success counts towards the step up from a ceiling: one at that tier, or, where the class never has work there, one at the tier above
 * that a person dispatched.
 */
export function countsFrom(ceiling: Ceiling, success: { tier: Tier; byPerson: boolean }, tiers: ReadonlySet<Tier>) {
  if (success.tier === ceiling) return true;
  return !tiers.has(ceiling) && success.byPerson && success.tier === above(ceiling);
}

/**
 * Ceilings from which no success of a class leads up, though it has work above them: an Agent comes higher there by a person's grant alone. Empty
 * for a class that an Agent can work itself up in.
 */
export function unreachable(tiers: ReadonlySet<Tier>): Ceiling[] {
  return ceilings.filter((ceiling, index) => {
    const next = above(ceiling);
    return (
      next !== null &&
      ceilings.slice(index + 1).some((one) => tiers.has(one)) &&
      !tiers.has(ceiling) &&
      !tiers.has(next)
    );
  });
}
