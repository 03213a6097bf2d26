import type { Issue, Repository } from '#crds';
import { type CheckedIssue, closingReferences, gradeIssue, isHigher, type Work } from '#domain';
import type { PullRequestSummary } from '#lib/forge';
import type { Graded } from '#lib/grading';
import { numberOf } from '../objects.ts';

/**
 * Issues that a pull request belongs to, by whatever says so: its branch, its text, or the Issue's own status. Each can only raise a tier, so that
 * nobody's word has to be taken for it.
 */
export function issuesOfPull<T extends Issue>(
  issues: readonly T[],
  { owner, name }: Pick<Repository['spec'], 'owner' | 'name'>,
  pull: PullRequestSummary,
): T[] {
  const closes = closingReferences(`${pull.title}\n${pull.body}`)
    .filter(({ repository }) => repository === null || repository.toLowerCase() === `${owner}/${name}`.toLowerCase())
    .map(({ number }) => number);
  return issues.filter((issue) => {
    const number = numberOf(issue);
    return (
      pull.head.ref.startsWith(`rig/${issue.metadata.name}/`) ||
      issue.status?.pullRequest?.number === pull.number ||
      (number !== undefined && closes.includes(number))
    );
  });
}

/** The work that an Issue asks for, as its change is graded with it. */
export function workOfIssue({ spec: { labels, title, taskClass, source } }: Issue): Work {
  return { labels, title, taskClass: taskClass ?? null, source };
}

/** The work of a pull request that belongs to no Issue: what it says itself. */
export function workOfPull({ labels, title }: PullRequestSummary): Work {
  return { labels, title, taskClass: null, source: 'webhook' };
}

/** An Issue as it is graded now, raised to what a person asked for, and to what the conductor found. */
export function gradeOfIssue({ policy, raise }: Graded, issue: Issue): CheckedIssue {
  const { metadata, spec, status } = issue;
  const name = metadata.name!;
  const graded = gradeIssue(policy, raise, { ...workOfIssue(issue), files: spec.taskSpec?.files ?? [] });
  const found: CheckedIssue = { name, tier: graded.tier, rule: graded.rule, path: graded.path, reason: graded.reason };
  const floors = [
    { tier: spec.tier, reason: `A person set the floor to ${spec.tier}.` },
    { tier: status?.issueTier, reason: `The conductor graded it ${status?.issueTier}.` },
  ];
  return floors.reduce<CheckedIssue>(
    (highest, { tier, reason }) =>
      tier !== undefined && isHigher(tier, highest.tier) ? { name, tier, rule: null, path: null, reason } : highest,
    found,
  );
}
