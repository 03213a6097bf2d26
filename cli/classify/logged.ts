import type { Issue } from '#crds';
import type { Grade } from '#domain';
import { ExitCode, ExitError } from '#lib/terminal';
import { raisedByFloor } from './floor.ts';

/** An event of an issue's log. */
export interface Logged {
  readonly type: string;
  readonly data: unknown;
}

/**
 * What the conductor found in the newest head of an issue's pull request, out of the log, raised to the issue's own tier: the same that decides its
 * merge. The log has only the finding that decided. Throws ExitError NotDone where the newest head has not been graded.
 */
export function pullGrade(events: readonly Logged[], issue: Issue): { readonly of: string; readonly grade: Grade } {
  const { number, headSHA } = issue.status!.pullRequest!;
  const last = events.findLast(({ type }) => type === 'CHANGE_CLASSIFIED')?.data as LoggedGrade | undefined;
  if (last === undefined || last.headSHA !== headSHA) throw ungraded(issue, last?.headSHA);
  const { tier, taskClass, rule, path, reason } = last;
  const grade = { tier, taskClass, rule, path, reason, findings: [{ rule, tier, taskClass, path, reason }] };
  return { of: `#${number} at ${short(headSHA)}`, grade: raisedByFloor(grade, issue) };
}

type LoggedGrade = Omit<Grade, 'findings'> & { readonly headSHA: string };

function ungraded({ metadata, status }: Issue, older: string | undefined): ExitError {
  const { number, headSHA } = status!.pullRequest!;
  const before = older === undefined ? '' : `, the last that was is ${short(older)}`;
  return new ExitError(
    ExitCode.NotDone,
    `Head ${short(headSHA)} of #${number} has not been graded${before}; rig why ${metadata.name} says what it waits for.`,
  );
}

function short(sha: string | undefined): string {
  return sha?.slice(0, 8) ?? '?';
}
