import type { TierAnswer } from '#domain';

/** What the tier port is asked about. */
export interface Graded {
  readonly labels: readonly string[];
  readonly title: string;
  readonly taskClass: string | null;
}

/** Grades work by what it can break. Null means that nothing can grade it, which the rules take for T3. */
export interface TierPort {
  grade(issue: Graded): TierAnswer;
}

/** No policy: everything is left to a person. */
export const noTierPolicy: TierPort = { grade: () => null };

/** The operator was told to grade nothing: everything is T1, without an SLO and without a ceiling. For trying Rig out, never for production. */
export const ungraded: TierPort = {
  grade: ({ taskClass }) => ({
    tier: 'T1',
    taskClass: taskClass ?? 'unclassified',
    reason: 'The operator runs with --ungraded: every change counts as T1.',
  }),
};
