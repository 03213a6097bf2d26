import { effectiveGrade } from './grade.ts';
import type { IssueState, LiveTask } from './state.ts';

/**
 * Why a task of Issue `name` may push nothing to its branch now, and who goes on, in one sentence; null where it may. T3 work takes no push of an agent, but
 * for one that prepares, and that only while its pull request is a draft. `draft` is what the forge shows of the pull request of the branch; null where
 * there is none yet or nobody knows.
 */
export function pushRefusal(
  state: IssueState,
  task: Pick<LiveTask, 'kind'>,
  { name, draft }: { readonly name: string; readonly draft: boolean | null },
): string | null {
  if (effectiveGrade(state)?.tier !== 'T3') return null;
  const { pullRequest, work } = state;
  if (task.kind !== 'prepare')
    return `Issue ${name} is graded T3, so ${work?.branch ?? 'its branch'} takes no push of an agent any more: stop here, a person goes on with it (\`rig why ${name}\` says how)`;
  const opened = pullRequest?.open === true && pullRequest.branch === work?.branch;
  if (!opened || draft === true) return null;
  return `Issue ${name} is graded T3, and its preparation pushes to ${pullRequest.branch} only while pull request #${pullRequest.number} is a draft, which it is not known to be any more: stop here, a person goes on with it or makes it a draft again`;
}
