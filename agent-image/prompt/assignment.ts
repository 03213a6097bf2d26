import type { Assignment, Thread } from '#lib/conductor';
import { clipped } from '../text/index.ts';
import { fenced } from './fence.ts';

export interface AssignmentFacts {
  readonly assignment: Assignment;
  /** Unified diff of the branch against its base; empty where there is none yet. */
  readonly diff: string;
  /** Paths a merge of the base left in conflict; undefined where no merge was begun. */
  readonly conflicts: readonly string[] | undefined;
}

const MAX_DIFF = 200_000;

/** Short names for the threads of a task, so that a model need not copy ids: `T1` is the first. */
export function threadHandles(threads: readonly Thread[]): Map<string, Thread> {
  return new Map(threads.map((thread, i) => [`T${i + 1}`, thread]));
}

/** The task in one message: the issue, then what is particular to this attempt. All text of others is fenced. */
export function assignmentMessage({ assignment, diff, conflicts }: AssignmentFacts): string {
  const { issue, task } = assignment;
  const parts = [
    `Issue #${issue.number}`,
    fenced(`title of issue #${issue.number}`, issue.title),
    fenced(`body of issue #${issue.number}`, issue.body),
  ];
  if (issue.taskSpec)
    parts.push('The task as it was specified:', fenced('task specification', specText(issue.taskSpec)));
  if (assignment.threads.length > 0) parts.push('Review threads:', ...threadTexts(assignment.threads));
  for (const { source, title, body } of assignment.feedback)
    parts.push(`Sent back by ${source}:`, fenced(`${source} feedback`, `${title}\n\n${body}`));
  if (conflicts !== undefined) parts.push(conflictText(conflicts));
  if (diff !== '') parts.push('The change so far, against the base:', fenced('diff', clipped(diff, MAX_DIFF)));
  if ((task.kind === 'implement' || task.kind === 'prepare') && diff !== '')
    parts.push('An earlier attempt left the change above on the branch; go on from there.');
  return parts.join('\n\n');
}

function specText(spec: NonNullable<Assignment['issue']['taskSpec']>): string {
  const list = (title: string, items: readonly string[] | undefined) =>
    items?.length ? [`${title}:`, ...items.map((item) => `- ${item}`)] : [];
  return [
    ...(spec.goal ? [`Goal: ${spec.goal}`] : []),
    ...list('Accepted when', spec.acceptance),
    ...list('Interfaces', spec.interfaces),
    ...list('Files', spec.files),
  ].join('\n');
}

function threadTexts(threads: readonly Thread[]): string[] {
  return [...threadHandles(threads)].map(([handle, thread]) => {
    const place = thread.line === null ? thread.path : `${thread.path}:${thread.line}`;
    const said = thread.comments.map(({ author, body }) => `${author}: ${body}`).join('\n\n');
    const whose = thread.mayResolve ? '' : '; not yours to resolve or reopen';
    return `${handle} (${thread.resolved ? 'resolved' : 'open'}${whose})\n${fenced(`thread ${handle} on ${place}`, `${place}\n${said}`)}`;
  });
}

function conflictText(conflicts: readonly string[]): string {
  if (conflicts.length === 0)
    return 'The base branch has moved. The runtime has merged it into your worktree without a conflict; check that the change still holds.';
  return `The base branch has moved and was merged into your worktree. Settle the conflict marks in: ${conflicts.join(', ')}`;
}
