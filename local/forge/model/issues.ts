import { type Context, now } from '../context.ts';
import { invalid } from '../refusal.ts';
import { renderIssue, renderLabel, renderPull, renderUser } from '../render/index.ts';
import type { IssueRow, LabelRow, PullRow, RepositoryRow, UserRow } from '../store/index.ts';
import { emit } from '../webhooks/index.ts';
import { recordIssueEvent } from './history.ts';

/** Takes the repository's next number, shared by issues and pull requests. Inside a transaction only. */
function takeNumber(ctx: Context, repo: RepositoryRow): number {
  const { nextNumber } = ctx.store.repositories.get(repo.id)!;
  ctx.store.repositories.update(repo.id, { nextNumber: nextNumber + 1 });
  return nextNumber;
}

/** Says `action` about an issue, or about the pull request that it is. */
function emitIssue(
  ctx: Context,
  repo: RepositoryRow,
  issue: IssueRow,
  action: string,
  sender: UserRow,
  extra: Record<string, unknown> = {},
): void {
  if (issue.isPull) {
    emitPull(ctx, repo, ctx.store.pulls.first({ issueId: issue.id })!, action, sender, extra);
    return;
  }
  recordIssueEvent(ctx, repo, issue, action, sender, extra);
  emit(ctx, repo, { event: 'issues', action, sender, fields: { issue: renderIssue(ctx, repo, issue), ...extra } });
}

export function emitPull(
  ctx: Context,
  repo: RepositoryRow,
  pull: PullRow,
  action: string,
  sender: UserRow,
  extra: Record<string, unknown> = {},
): void {
  recordIssueEvent(ctx, repo, ctx.store.issues.get(pull.issueId)!, action, sender, extra);
  const fields = { number: pull.number, pull_request: renderPull(ctx, repo, pull), ...extra };
  emit(ctx, repo, { event: 'pull_request', action, sender, fields });
}

export interface NewIssue {
  readonly title: string;
  readonly body: string | null;
  readonly labels: readonly LabelRow[];
  readonly assigneeIds: readonly number[];
}

export function createIssue(ctx: Context, repo: RepositoryRow, author: UserRow, content: NewIssue): IssueRow {
  return ctx.store.transaction(() => {
    const issue = insertIssue(ctx, repo, author, content, false);
    emitIssue(ctx, repo, issue, 'opened', author);
    for (const label of content.labels) {
      emitIssue(ctx, repo, issue, 'labeled', author, { label: renderLabel(ctx, repo, label) });
    }
    emitAssignments(ctx, repo, issue, author, [], content.assigneeIds);
    return issue;
  });
}

export function insertIssue(
  ctx: Context,
  repo: RepositoryRow,
  author: UserRow,
  content: NewIssue,
  isPull: boolean,
): IssueRow {
  const at = now(ctx);
  return ctx.store.issues.insert({
    repoId: repo.id,
    number: takeNumber(ctx, repo),
    isPull,
    title: content.title,
    body: content.body,
    authorId: author.id,
    state: 'open',
    stateReason: null,
    labelIds: content.labels.map((label) => label.id),
    assigneeIds: [...content.assigneeIds],
    closedAt: null,
    closedById: null,
    createdAt: at,
    updatedAt: at,
  });
}

export interface IssueEdit {
  readonly title?: string;
  readonly body?: string | null;
  readonly state?: 'open' | 'closed';
  readonly stateReason?: IssueRow['stateReason'];
  readonly labels?: readonly LabelRow[];
  readonly assigneeIds?: readonly number[];
}

/** Applies an edit and says each part of it as its own event, in the order edited, labels, assignees, state. */
export function editIssue(ctx: Context, repo: RepositoryRow, id: number, editor: UserRow, edit: IssueEdit): IssueRow {
  return ctx.store.transaction(() => {
    let issue = ctx.store.issues.get(id)!;
    issue = editText(ctx, repo, issue, editor, edit);
    if (edit.labels !== undefined) issue = setLabels(ctx, repo, issue, editor, edit.labels);
    if (edit.assigneeIds !== undefined) {
      const before = issue.assigneeIds;
      issue = ctx.store.issues.update(id, { assigneeIds: [...edit.assigneeIds], updatedAt: now(ctx) });
      emitAssignments(ctx, repo, issue, editor, before, edit.assigneeIds);
    }
    if (edit.state !== undefined) issue = setState(ctx, repo, issue, editor, edit.state, edit.stateReason ?? null);
    return issue;
  });
}

function editText(ctx: Context, repo: RepositoryRow, issue: IssueRow, editor: UserRow, edit: IssueEdit): IssueRow {
  const title = edit.title ?? issue.title;
  const body = edit.body === undefined ? issue.body : edit.body;
  const changes = {
    ...(title === issue.title ? {} : { title: { from: issue.title } }),
    ...(body === issue.body ? {} : { body: { from: issue.body ?? '' } }),
  };
  if (Object.keys(changes).length === 0) return issue;
  const text = body === issue.body ? {} : { editorId: editor.id, editedAt: now(ctx) };
  const next = ctx.store.issues.update(issue.id, { title, body, ...text, updatedAt: now(ctx) });
  emitIssue(ctx, repo, next, 'edited', editor, { changes });
  return next;
}

/** Opens or closes; the same state again changes nothing. A merged pull request cannot be opened again. */
export function setState(
  ctx: Context,
  repo: RepositoryRow,
  issue: IssueRow,
  actor: UserRow,
  state: 'open' | 'closed',
  reason: IssueRow['stateReason'],
): IssueRow {
  if (issue.state === state) return issue;
  const pull = issue.isPull ? ctx.store.pulls.first({ issueId: issue.id }) : undefined;
  if (pull?.mergedAt)
    throw invalid('PullRequest', 'state', 'invalid', 'state cannot be changed. The pull request was merged.');
  const closed = state === 'closed';
  const at = now(ctx);
  const stateReason = issue.isPull ? null : closed ? (reason ?? 'completed') : 'reopened';
  const next = ctx.store.issues.update(issue.id, {
    state,
    stateReason,
    closedAt: closed ? at : null,
    closedById: closed ? actor.id : null,
    updatedAt: at,
  });
  emitIssue(ctx, repo, next, closed ? 'closed' : 'reopened', actor);
  return next;
}

/** Replaces the labels; each one added or taken away is an event of its own. */
export function setLabels(
  ctx: Context,
  repo: RepositoryRow,
  issue: IssueRow,
  actor: UserRow,
  labels: readonly LabelRow[],
): IssueRow {
  const wanted = [...new Set(labels.map((label) => label.id))];
  const added = wanted.filter((id) => !issue.labelIds.includes(id));
  const removed = issue.labelIds.filter((id) => !wanted.includes(id));
  if (added.length + removed.length === 0) return issue;
  const next = ctx.store.issues.update(issue.id, { labelIds: wanted, updatedAt: now(ctx) });
  const say = (action: string) => (id: number) => {
    const label = ctx.store.labels.get(id);
    if (label) emitIssue(ctx, repo, next, action, actor, { label: renderLabel(ctx, repo, label) });
  };
  added.forEach(say('labeled'));
  removed.forEach(say('unlabeled'));
  return next;
}

function emitAssignments(
  ctx: Context,
  repo: RepositoryRow,
  issue: IssueRow,
  actor: UserRow,
  before: readonly number[],
  after: readonly number[],
): void {
  const say = (action: string, id: number) => {
    const user = ctx.store.users.get(id);
    if (user) emitIssue(ctx, repo, issue, action, actor, { assignee: renderUser(ctx, user) });
  };
  for (const id of after) if (!before.includes(id)) say('assigned', id);
  for (const id of before) if (!after.includes(id)) say('unassigned', id);
}

/** Marks that something around the issue happened, as GitHub's `updated_at` does. */
export function touchIssue(ctx: Context, issueId: number): IssueRow {
  return ctx.store.issues.update(issueId, { updatedAt: now(ctx) });
}
