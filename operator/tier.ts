import type { Repository } from '#crds';
import { type ChangeGrade, type Fact, gradeIssue, type TierAnswer, unknown, type Work } from '#domain';
import type { ChangeGrades } from './tiers/changes.ts';
import type { TierPolicies } from './tiers/policies.ts';

/** What the tier port is asked about. */
export interface Graded extends Work {
  /** Files that the plan names. */
  readonly files: readonly string[];
  readonly repository: Repository | undefined;
}

/** A head whose change is asked about; `last` is the newest grade in the log. */
export interface GradedHead {
  readonly work: Graded;
  readonly head: { readonly sha: string; readonly branch: string };
  readonly last: ChangeGrade | null;
  readonly onTold: () => void;
}

/** Grades work by what it can break. Asks nothing outside the process, but for a change that it has not graded yet. */
export interface TierPort {
  /** Null means that nothing can grade it, which the rules take for T3. */
  grade(issue: Graded): TierAnswer;
  /** What is wrong with the rules that would grade it; null where nothing is, or there are none. */
  problem?(repository: Repository): string | null;
  /** The grade of the change up to a head; left out by a port that grades no changes. */
  change?(asked: GradedHead): Fact<ChangeGrade>;
}

/** Grades by the TierPolicies of the cluster. */
export function policyTiers(policies: TierPolicies, changes: ChangeGrades): TierPort {
  return {
    grade: ({ repository, ...work }) => {
      const grading = repository === undefined ? null : policies.of(repository);
      if (grading?.state !== 'graded') return null;
      const { tier, taskClass, reason } = gradeIssue(grading.policy, grading.raise, work);
      return { tier, taskClass, reason };
    },
    problem: (repository) => {
      const grading = policies.of(repository);
      return grading.state === 'wrong' ? grading.problem : null;
    },
    change: ({ work: { repository, files: _planned, ...work }, head, last, onTold }) => {
      const grading = repository === undefined ? null : policies.of(repository);
      if (repository === undefined || grading?.state !== 'graded') return unknown('no TierPolicy grades it.');
      // What the log has of this head by these rules needs no git.
      if (last?.headSHA === head.sha && last.policy === grading.key) return { known: true, value: last, observedAt: 0 };
      return changes.of({ repository, head, work, grading, onTold });
    },
  };
}

/** The operator was told to grade nothing: everything is T1, without an SLO and without a ceiling. For trying Rig out, never for production. */
export const ungraded: TierPort = {
  grade: ({ taskClass }) => ({
    tier: 'T1',
    taskClass: taskClass ?? 'unclassified',
    reason: 'The operator runs with --ungraded: every change counts as T1.',
  }),
};
