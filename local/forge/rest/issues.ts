import { Type } from 'typebox';
import {
  createComment,
  createIssue,
  createLabel,
  deleteComment,
  editComment,
  editIssue,
  editPull,
  findLabel,
  labelsNamed,
  setLabels,
} from '../model/index.ts';
import { invalid, notFound } from '../refusal.ts';
import { labelsOf, renderComment, renderIssue, renderLabel } from '../render/index.ts';
import type { CommentRow, IssueRow, Where } from '../store/index.ts';
import { type Answer, created, noContent, ok, paged, pagedList } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import type { Routes } from './server.ts';

const MAX_TEXT = 65_536;
const Text = Type.String({ maxLength: MAX_TEXT });
const LabelNames = Type.Array(Type.Union([Type.String(), Type.Object({ name: Type.String() })]), { maxItems: 100 });
const Title = Type.Union([Type.String(), Type.Integer()]);
const Logins = Type.Array(Type.String(), { maxItems: 10 });
const NewIssue = Type.Object({
  title: Title,
  body: optional(nullable(Text)),
  labels: optional(LabelNames),
  assignees: optional(Logins),
});
const IssueChange = Type.Object({
  title: optional(nullable(Title)),
  body: optional(nullable(Text)),
  state: optional(Type.Enum(['open', 'closed'])),
  state_reason: optional(nullable(Type.Enum(['completed', 'not_planned', 'duplicate', 'reopened']))),
  labels: optional(LabelNames),
  assignees: optional(Logins),
});
const Comment = Type.Object({ body: Text });
const NewLabel = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 50 }),
  color: optional(Type.String()),
  description: optional(nullable(Type.String({ maxLength: 100 }))),
});
const Labels = Type.Union([LabelNames, Type.Object({ labels: optional(LabelNames) })]);

export const issueRoutes: Routes = {
  'GET /repos/{owner}/{repo}/issues': listIssues,

  'POST /repos/{owner}/{repo}/issues': (call) => {
    const { title, body = null, labels = [], assignees = [] } = call.json(NewIssue);
    if (String(title).trim() === '') throw invalid('Issue', 'title', 'missing_field');
    // GitHub drops what a person without push access may not set, without a word.
    const trusted = call.can('triage');
    const issue = createIssue(call.ctx, call.repo, call.user, {
      title: String(title),
      body,
      labels: trusted ? labelsNamed(call.ctx, call.repo, call.user, names(labels)) : [],
      assigneeIds: trusted ? people(call, assignees) : [],
    });
    return created(renderIssue(call.ctx, call.repo, issue));
  },

  'GET /repos/{owner}/{repo}/issues/comments': (call) => {
    const where = { repoId: call.repo.id, ...since(call) };
    const { comments } = call.ctx.store;
    const descending = call.oneOf('direction', ['asc', 'desc']) === 'desc';
    const orderBy = call.oneOf('sort', ['created', 'updated']) === 'updated' ? ('updatedAt' as const) : undefined;
    return paged(call, comments.count(where), (limit, offset) =>
      comments.find(where, { limit, offset, descending, orderBy }).map((comment) => commentBody(call, comment)),
    );
  },
  'GET /repos/{owner}/{repo}/issues/comments/{comment_id}': (call) => ok(commentBody(call, comment(call))),
  'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}': (call) => {
    const found = comment(call);
    call.needAuthorOrWrite(found.authorId);
    return ok(commentBody(call, editComment(call.ctx, call.repo, found.id, call.user, commentText(call))));
  },
  'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}': (call) => {
    const found = comment(call);
    call.needAuthorOrWrite(found.authorId);
    deleteComment(call.ctx, call.repo, found.id, call.user);
    return noContent;
  },

  'GET /repos/{owner}/{repo}/issues/{issue_number}': (call) => ok(renderIssue(call.ctx, call.repo, call.issue())),
  'PATCH /repos/{owner}/{repo}/issues/{issue_number}': patchIssue,
  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments': (call) => {
    const { comments } = call.ctx.store;
    const where = { issueId: call.issue().id, ...since(call) };
    return paged(call, comments.count(where), (limit, offset) =>
      comments.find(where, { limit, offset }).map((each) => commentBody(call, each)),
    );
  },
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments': (call) => {
    const issue = call.issue();
    return created(commentBody(call, createComment(call.ctx, call.repo, issue, call.user, commentText(call))));
  },
};

export const labelRoutes: Routes = {
  'GET /repos/{owner}/{repo}/labels': (call) => {
    const { labels } = call.ctx.store;
    const where = { repoId: call.repo.id };
    return paged(call, labels.count(where), (limit, offset) =>
      labels.find(where, { limit, offset }).map((label) => renderLabel(call.ctx, call.repo, label)),
    );
  },
  'POST /repos/{owner}/{repo}/labels': (call) => {
    call.need('write');
    const label = createLabel(call.ctx, call.repo, call.user, call.json(NewLabel));
    return created(renderLabel(call.ctx, call.repo, label));
  },
  'GET /repos/{owner}/{repo}/labels/{name}': (call) => {
    const label = findLabel(call.ctx, call.repo, call.param('name'));
    if (label === undefined) throw notFound();
    return ok(renderLabel(call.ctx, call.repo, label));
  },
  'GET /repos/{owner}/{repo}/issues/{issue_number}/labels': (call) => labelList(call, call.issue()),
  'POST /repos/{owner}/{repo}/issues/{issue_number}/labels': (call) =>
    changeLabels(call, (before, given) => [...before, ...given]),
  'PUT /repos/{owner}/{repo}/issues/{issue_number}/labels': (call) => changeLabels(call, (_, given) => given),
  'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}': (call) => {
    call.need('triage');
    const issue = call.issue();
    const kept = labelsOf(call.ctx, issue).filter((label) => label.nameKey !== call.param('name').toLowerCase());
    if (kept.length === issue.labelIds.length) throw notFoundLabel();
    const next = call.ctx.store.transaction(() => setLabels(call.ctx, call.repo, issue, call.user, kept));
    return labelList(call, next);
  },
  'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels': (call) => {
    call.need('triage');
    call.ctx.store.transaction(() => setLabels(call.ctx, call.repo, call.issue(), call.user, []));
    return noContent;
  },
};

const notFoundLabel = () => invalid('Label', 'name', 'missing', 'Label does not exist');

function listIssues(call: Call): Answer {
  const { issues } = call.ctx.store;
  const state = call.oneOf('state', ['open', 'closed', 'all']);
  const where: Where<IssueRow> = { repoId: call.repo.id, ...since(call) };
  if (state !== 'all') where.state = state;
  const wanted = (call.query('labels') ?? '').split(',').filter(Boolean);
  const labels = wanted.map((name) => findLabel(call.ctx, call.repo, name));
  if (labels.includes(undefined)) return pagedList(call, []);
  const creator = call.query('creator');
  if (creator !== undefined) where.authorId = call.userNamed(creator).id;
  const orderBy = ({ created: 'createdAt', updated: 'updatedAt', comments: 'id' } as const)[
    call.oneOf('sort', ['created', 'updated', 'comments'])
  ];
  const descending = call.oneOf('direction', ['desc', 'asc']) === 'desc';
  const all = labels.map((label) => label!.id);
  if (all.length > 0) where.labelIds = { has: all[0]! };
  if (all.length < 2) {
    return paged(call, issues.count(where), (limit, offset) =>
      issues
        .find(where, { limit, offset, orderBy, descending })
        .map((issue) => renderIssue(call.ctx, call.repo, issue)),
    );
  }
  const found = issues
    .find(where, { orderBy, descending })
    .filter((issue) => all.every((id) => issue.labelIds.includes(id)));
  return paged(call, found.length, (limit, offset) =>
    found.slice(offset, offset + limit).map((issue) => renderIssue(call.ctx, call.repo, issue)),
  );
}

function since(call: Call): { updatedAt?: { gte: string } } {
  const given = call.query('since');
  if (given === undefined) return {};
  const time = Date.parse(given);
  if (Number.isNaN(time)) throw invalid('Search', 'since');
  return { updatedAt: { gte: `${new Date(time).toISOString().slice(0, 19)}Z` } };
}

async function patchIssue(call: Call): Promise<Answer> {
  const issue = call.issue();
  call.needAuthorOrWrite(issue.authorId);
  const change = call.json(IssueChange);
  const text = {
    ...(change.title == null ? {} : { title: String(change.title) }),
    ...(change.body === undefined ? {} : { body: change.body }),
  };
  const sets = {
    ...(change.labels === undefined
      ? {}
      : { labels: labelsNamed(call.ctx, call.repo, call.user, names(change.labels)) }),
    ...(change.assignees === undefined ? {} : { assigneeIds: people(call, change.assignees) }),
  };
  if (Object.keys(sets).length > 0) call.need('triage');
  const state = change.state === undefined ? {} : { state: change.state };
  if (issue.isPull) {
    const pull = call.ctx.store.pulls.first({ issueId: issue.id })!;
    editIssue(call.ctx, call.repo, issue.id, call.user, sets);
    await editPull(call.ctx, call.repo, pull.id, call.user, { ...text, ...state });
  } else {
    const stateReason = change.state_reason ?? null;
    editIssue(call.ctx, call.repo, issue.id, call.user, { ...text, ...sets, ...state, stateReason });
  }
  return ok(renderIssue(call.ctx, call.repo, call.ctx.store.issues.get(issue.id)!));
}

function changeLabels(call: Call, choose: (before: string[], given: string[]) => string[]): Answer {
  call.need('triage');
  const issue = call.issue();
  const body = call.json(Labels);
  const given = names(Array.isArray(body) ? body : (body.labels ?? []));
  const before = labelsOf(call.ctx, issue).map((label) => label.name);
  const next = call.ctx.store.transaction(() => {
    const labels = labelsNamed(call.ctx, call.repo, call.user, choose(before, given));
    return setLabels(call.ctx, call.repo, issue, call.user, labels);
  });
  return labelList(call, next);
}

const labelList = (call: Call, issue: IssueRow) =>
  pagedList(
    call,
    labelsOf(call.ctx, issue).map((label) => renderLabel(call.ctx, call.repo, label)),
  );

const names = (labels: readonly (string | { name: string })[]) =>
  labels.map((label) => (typeof label === 'string' ? label : label.name));

const people = (call: Call, logins: readonly string[]) => logins.map((login) => call.userNamed(login).id);

function comment(call: Call): CommentRow {
  const found = call.ctx.store.comments.get(call.id('comment_id'));
  if (found === undefined || found.repoId !== call.repo.id) throw notFound();
  return found;
}

function commentText(call: Call): string {
  const { body } = call.json(Comment);
  if (body.trim() === '') throw invalid('IssueComment', 'body', 'missing_field');
  return body;
}

const commentBody = (call: Call, row: CommentRow) =>
  renderComment(call.ctx, call.repo, call.ctx.store.issues.get(row.issueId)!, row);
