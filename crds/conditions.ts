import type { Kind } from './resources.ts';

/** What is known of one condition type. */
export interface ConditionType {
  /** One sentence: what True means. */
  readonly meaning: string;
  /** `normal-true` is always present and good when True; `abnormal-true` is present only while it is True. */
  readonly polarity: 'normal-true' | 'abnormal-true';
  /** The kinds that carry it. */
  readonly kinds: readonly (Kind | 'Node')[];
}

const everyKind = ['Repository', 'Agent', 'Issue', 'AgentTask', 'TierPolicy', 'Approval'] as const;

/** Condition types with their polarity. kstatus reads Ready, Reconciling and Stalled. */
export const conditionTypes = {
  Ready: {
    meaning: 'The object is accepted and does what it says, or has done it.',
    polarity: 'normal-true',
    kinds: everyKind,
  },
  Reconciling: {
    meaning: 'The object is on its way to what its spec says.',
    polarity: 'abnormal-true',
    kinds: everyKind,
  },
  Stalled: {
    meaning: 'Nothing more happens until a person acts.',
    polarity: 'abnormal-true',
    kinds: everyKind,
  },
  PromotionUnreachable: {
    meaning: 'In some class of work no Agent can earn a higher ceiling: only a person can grant one.',
    polarity: 'abnormal-true',
    kinds: ['TierPolicy'],
  },
  WebhookHealthy: {
    meaning: 'Deliveries of the forge arrive.',
    polarity: 'normal-true',
    kinds: ['Repository'],
  },
  Renamed: {
    meaning: 'The forge calls the repository by another name than its spec does.',
    polarity: 'abnormal-true',
    kinds: ['Repository'],
  },
  RateLimited: {
    meaning: 'The conductor waits for the rate limit of the forge.',
    polarity: 'abnormal-true',
    kinds: ['Repository'],
  },
  GateEnforced: {
    meaning: 'The forge itself holds every merge to what the Repository asks, or the Repository says why it need not.',
    polarity: 'normal-true',
    kinds: ['Repository'],
  },
  Merged: {
    meaning: 'The pull request of the Issue was merged.',
    polarity: 'normal-true',
    kinds: ['Issue'],
  },
  Done: {
    meaning: 'The change is merged, deployed and verified, as far as the Repository asks for it.',
    polarity: 'normal-true',
    kinds: ['Issue'],
  },
  Verified: {
    meaning: 'A listed person signed exactly what the Issue is now, and it still holds.',
    polarity: 'normal-true',
    kinds: ['Approval'],
  },
  TrustedRootExpiring: {
    meaning:
      'The trusted root runs out within 30 days: a person has to replace it, or nothing signed after that counts.',
    polarity: 'abnormal-true',
    kinds: ['Approval'],
  },
  Isolated: {
    meaning: 'What an agent causes to run on this node cannot read what the agent runtime can.',
    polarity: 'normal-true',
    kinds: ['Node'],
  },
} as const satisfies Record<string, ConditionType>;

/** A condition type of the rig. (The `type` of a condition; what is known of it is in `conditionTypes`.) */
export type ConditionTypeName = keyof typeof conditionTypes;
