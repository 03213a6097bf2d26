import type { TierPolicySpec } from '#crds';
import { defaultLedgerPolicy, type LedgerPolicy, tiersOfRules } from '#domain';

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Milliseconds of `24h`, `90m`, `1h30m`; null for anything else. */
export function durationOf(text: string): number | null {
  const parts = /^(?:(?<h>\d{1,9})h)?(?:(?<m>\d{1,9})m)?(?:(?<s>\d{1,9})s)?$/.exec(text)?.groups;
  if (parts === undefined || text === '') return null;
  return (Object.keys(UNITS) as (keyof typeof UNITS)[]).reduce(
    (sum, unit) => sum + Number(parts[unit] ?? 0) * UNITS[unit],
    0,
  );
}

/** What of a TierPolicy says how trust is gained and lost. */
type TrustTerms = Partial<Pick<TierPolicySpec, 'promotion' | 'demotion' | 'resetOnModelChange' | 'rules'>>;

/**
 * How trust is gained and lost under the TierPolicy `default`; as it is shipped where there is none, and in whatever it leaves out. At which tiers
 * there is work of a class is asked of all policies: any of them may have graded a change.
 */
export function ledgerPolicyOf(
  terms: TrustTerms | undefined,
  all: readonly Pick<TrustTerms, 'rules'>[] = terms === undefined ? [] : [terms],
): LedgerPolicy {
  const { promotion, demotion, resetOnModelChange } = terms ?? {};
  return {
    streak: promotion?.streak ?? defaultLedgerPolicy.streak,
    settle: durationOf(promotion?.settle ?? '') ?? defaultLedgerPolicy.settle,
    maxPerDay: promotion?.maxPerDay ?? defaultLedgerPolicy.maxPerDay,
    cooldown: durationOf(demotion?.cooldown ?? '') ?? defaultLedgerPolicy.cooldown,
    resetOnModelChange: resetOnModelChange ?? defaultLedgerPolicy.resetOnModelChange,
    ...tiersUnder(all.map(({ rules = [] }) => rules.map(({ tier, taskClass }) => ({ tier, taskClass })))),
  };
}

type Rules = Parameters<typeof tiersOfRules>[0];

function tiersUnder(policies: readonly Rules[]): Pick<LedgerPolicy, 'tiersOf' | 'rules'> {
  if (policies.length === 0) return { tiersOf: defaultLedgerPolicy.tiersOf, rules: defaultLedgerPolicy.rules };
  const each = policies.map(tiersOfRules);
  return {
    tiersOf: (taskClass) => new Set(each.flatMap((tiersOf) => [...tiersOf(taskClass)])),
    rules: policies
      .map((rules) => JSON.stringify(rules))
      .sort()
      .join(),
  };
}
