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

/** How trust is gained and lost under a TierPolicy; as it is shipped where there is none, and in whatever the policy leaves out. */
export function ledgerPolicyOf(spec: TierPolicySpec | undefined): LedgerPolicy {
  const { promotion, demotion, resetOnModelChange } = spec ?? {};
  return {
    streak: promotion?.streak ?? defaultLedgerPolicy.streak,
    settle: durationOf(promotion?.settle ?? '') ?? defaultLedgerPolicy.settle,
    maxPerDay: promotion?.maxPerDay ?? defaultLedgerPolicy.maxPerDay,
    cooldown: durationOf(demotion?.cooldown ?? '') ?? defaultLedgerPolicy.cooldown,
    resetOnModelChange: resetOnModelChange ?? defaultLedgerPolicy.resetOnModelChange,
    tiersOf: spec === undefined ? defaultLedgerPolicy.tiersOf : tiersOfRules(spec.rules ?? []),
  };
}
