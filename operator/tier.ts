import type { Repository, TierTable } from '#crds';
import { type ChangeGrade, type Fact, gradeIssue, known, type TierAnswer, unknown, type Work } from '#domain';
import { gradingKey, type TierPolicies } from '#lib/grading';
import type { ChangeGrades } from './tiers/changes.ts';

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
  /** Tip of the base branch where it was taken back behind what `last` graded; else null. */
  readonly takenBack: string | null;
  readonly onTold: () => void;
}

/** Grades work by what it can break. Asks nothing outside the process, but for a change that it has not graded yet. */
export interface TierPort {
  /** Null means that nothing can grade it, which the rules take for T3. */
  grade(issue: Graded): TierAnswer;
  /** What each tier asks in a Repository, undefined where nothing grades its work; left out, as it is shipped. */
  terms?(repository: Repository): TierTable | undefined;
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
    terms: (repository) => policies.terms(repository),
    problem: (repository) => {
      const grading = policies.of(repository);
      return grading.state === 'wrong' ? grading.problem : null;
    },
    change: ({ work: { repository, files: _planned, ...work }, head, last, takenBack, onTold }) => {
      const grading = repository === undefined ? null : policies.of(repository);
      if (repository === undefined || grading?.state !== 'graded') return unknown('no TierPolicy grades it.');
      // What the log has of this head by these rules needs no git.
      const key = gradingKey(grading, work);
      const isOf = (policy: string) => policy === key || policy.startsWith(`${key}.`);
      if (takenBack === null && last?.headSHA === head.sha && isOf(last.policy)) return known(last, 0);
      const asked = takenBack === null ? key : `${key}.${takenBack}`;
      return changes.of({ repository, head, work, grading, key: asked, onTold });
    },
  };
}
