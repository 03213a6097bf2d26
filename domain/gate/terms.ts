import type { TierTable, TierTerms } from '#crds';
import type { Tier } from '../events/catalogue.ts';

/** What the tiers ask where no policy says otherwise, as the TierPolicy's own defaults do. */
const shipped: Readonly<Record<Tier, TierTerms>> = {
  T0: { dispatch: 'agent', gates: [] },
  T1: { dispatch: 'agent', gates: ['slo', 'errorBudget', 'canary'] },
  T2: { dispatch: 'agent', gates: ['interfaceApproval', 'attestors'] },
  T3: { dispatch: 'human', gates: ['mergeApproval'] },
};

/** What a tier asks beyond the gates of every merge; a tier that the table leaves out asks what is shipped. */
export function termsOf(table: TierTable | undefined, tier: Tier): TierTerms {
  return table?.[tier] ?? shipped[tier];
}
