import { contentNeeded, type Grade, gradeChange, type Work } from '#domain';
import type { ReadChange } from '#lib/change';
import type { Graded } from './policies.ts';

/**
 * Grades a change that was read from git, by the rules of its Repository: of its texts only those are read that the grade depends on. T3 where the change is
 * not complete. Throws GitError where git fails: then there is no grade.
 */
export async function gradeRead(change: ReadChange, { policy, raise }: Graded, work: Work): Promise<Grade> {
  return gradeChange(policy, raise, await change.withContent(contentNeeded(policy, raise, change, work)), work);
}
